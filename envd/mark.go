package envd

import "slices"

// The variables with which every runtime marks every process of an environment: by them it is recognised from outside, and
// knows itself where it is.
const (
	EnvironmentVar = "ENVD_ENVIRONMENT" // the environment's ID
	ServiceVar     = "ENVD_SERVICE"     // name of the service
	AddressVar     = "ENVD_ADDRESS"     // the address to listen on
)

// Environ returns vars and the marks of an environment's process as sorted NAME=value words. Marks in vars do not count.
func Environ(envID, service, address string, vars map[string]string) []string {
	env := []string{EnvironmentVar + "=" + envID, ServiceVar + "=" + service, AddressVar + "=" + address}
	for name, value := range vars {
		if name != EnvironmentVar && name != ServiceVar && name != AddressVar {
			env = append(env, name+"="+value)
		}
	}
	slices.Sort(env)
	return env
}
