package docker

import "time"

// Name is this runtime's word in a spec.
const Name = "docker"

// Options are the runtime's surroundings. One Runtime serves one run: the logs of its environment lie in LogDir.
type Options struct {
	// Exe is the envd binary, statically linked, which runs as gateway and helper inside; by default the running
	// executable.
	Exe string

	// LogDir is where each service's output goes, as SERVICE.log. Empty where nothing will be started: logs are then
	// read from the engine.
	LogDir string

	// Dir is what relative programs and working directories of services count from.
	Dir string

	// Visible are paths below /tmp that commands see though /tmp is their container's own.
	Visible []string

	// Redact masks secrets in one line of output, where set.
	Redact func([]byte) []byte

	// Run names the run on labels; by default the environment's ID.
	Run string

	// WireMockImage is the image that the real WireMock runs from: one with Java and, where WireMockJar is empty, the jar.
	// Where it is empty, both are this machine's.
	WireMockImage, WireMockJar string

	// Lease is how long objects may stay when nobody can tell whether their runner lives; 24 hours by default.
	Lease time.Duration
}

const defaultLease = 24 * time.Hour

// helperDir holds envd inside every container.
const (
	helperDir  = "/.envd"
	helperPath = helperDir + "/envd"
)
