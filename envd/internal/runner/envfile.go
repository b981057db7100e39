package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"

	"github.com/envd-dev/envd/envd"
)

// readEnvFile reads a file of variables. Its values may refer to earlier ones and to the runner's own environment.
func readEnvFile(f envd.EnvFile, l envd.Lookup) (map[string]string, error) {
	text, err := l.File(f.Path)
	if f.Optional && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("env file: %w", err)
	}
	if f.Raw {
		return readRaw(string(text), l), nil
	}
	vars, err := dotenv.UnmarshalBytesWithLookup(text, l.Env)
	if err != nil {
		return nil, fmt.Errorf("env file %s: %w", f.Path, err)
	}
	return vars, nil
}

// readRaw reads NAME=value lines as they are. A NAME alone takes the runner's own value, if it has one
// (https://docs.docker.com/reference/cli/docker/container/run/#env).
func readRaw(text string, l envd.Lookup) map[string]string {
	vars := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(strings.TrimRight(line, "\r\n"), " \t")
		name, value, given := strings.Cut(line, "=")
		if line == "" || line[0] == '#' {
			continue
		}
		if !given {
			if value, given = l.Env(name); !given {
				continue
			}
		}
		vars[name] = value
	}
	return vars
}

// withEnvFiles extends a lookup to the variables in the environment's env files. The runner's own variables win.
func withEnvFiles(l envd.Lookup, files []envd.EnvFile) (envd.Lookup, error) {
	own, more := l.Env, map[string]string{}
	for _, f := range files {
		vars, err := readEnvFile(f, l)
		if err != nil {
			return l, err
		}
		for name, value := range vars {
			more[name] = value
		}
	}
	l.Env = func(name string) (string, bool) {
		if value, ok := own(name); ok {
			return value, true
		}
		value, ok := more[name]
		return value, ok
	}
	return l, nil
}
