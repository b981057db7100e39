package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/envd-dev/envd/envd"
)

// inherited are the runner's own variables that services get; everything else must be declared.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "JAVA_HOME"}

// trust lists the variables that point the usual TLS stacks to a certificate authority.
var trust = []string{
	"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO",
	"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "HTTPLIB2_CA_CERTS", "PIP_CERT", "DENO_CERT",
}

// baseEnv is what every process in the environment gets.
func (s *session) baseEnv() map[string]string {
	env := map[string]string{envd.EnvironmentVar: s.ID}
	for _, name := range inherited {
		if v, ok := s.Lookup.Env(name); ok {
			env[name] = v
		}
	}
	if len(s.Spec.Environment.Stubs) > 0 {
		for _, name := range trust {
			env[name] = envd.CAFile
		}
	}
	return env
}

// serviceEnv returns the variables of a service, and the names of those that its env files set.
func (s *session) serviceEnv(svc *envd.Service) (env map[string]string, fromFiles []string, err error) {
	env = s.baseEnv()
	for _, f := range svc.EnvFiles {
		vars, err := readEnvFile(f, s.Lookup)
		if err != nil {
			return nil, nil, fmt.Errorf("service %s: %w", svc.Name, err)
		}
		maps.Copy(env, vars)
		fromFiles = slices.AppendSeq(fromFiles, maps.Keys(vars))
	}
	declared, err := s.expandAll(svc.Env)
	if err != nil {
		return nil, nil, fmt.Errorf("service %s: %w", svc.Name, err)
	}
	maps.Copy(env, declared)
	return env, fromFiles, nil
}

// execEnv returns the variables to add for a command that runs beside a service: the service's own. A container of an
// image has those already, and adding this host's would hide the image's.
func (s *session) execEnv(ctx context.Context, svc *envd.Service) (map[string]string, error) {
	if r, ok := s.Runtime.(envd.ImageReporter); ok {
		if _, imaged := r.Image(ctx, s.ID, cmp.Or(svc.ReplicaOf, svc.Name)); imaged {
			return map[string]string{}, nil
		}
	}
	env, _, err := s.serviceEnv(svc)
	return env, err
}

func (s *session) expandAll(values map[string]envd.Value) (map[string]string, error) {
	out := make(map[string]string, len(values))
	var errs []error
	for name, v := range values {
		text, err := s.expand(v)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		out[name] = text
	}
	return out, errors.Join(errs...)
}
