// Package modules knows backing services by name, as testcontainers-go's modules describe them: image, variables, ports,
// files, and when they are ready. envd starts them itself, in its network and under its leash, and waits for them with
// testcontainers-go's wait strategies.
package modules

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/testcontainers/testcontainers-go/wait"
)

//go:generate sh -c "cd generate && GOFLAGS= go run . >table.tmp && mv table.tmp ../modules.json"

// table holds the modules, written by generate.
//
//go:embed modules.json
var table []byte

// Module is a backing service.
type Module struct {
	Name    string            `json:"name"`
	Image   string            `json:"image"`   // the one that the module is known to work with
	Command []string          `json:"command"` // replaces the image's entrypoint; nil: the image's own
	Args    []string          `json:"args"`    // passed to the image's entrypoint
	Env     map[string]string `json:"env"`
	Ports   []int             `json:"ports"`
	Files   []File            `json:"files"`
	Waits   []Wait            `json:"wait"` // all of them
}

// File is placed before the service starts.
type File struct {
	Path    string `json:"path"`
	Mode    uint32 `json:"mode"`
	Content string `json:"content"` // see For
}

// Wait is one wait strategy; either Log or Port is set.
type Wait struct {
	Log        string `json:"log"`
	Regexp     bool   `json:"regexp"`
	Occurrence int    `json:"occurrence"`
	Port       string `json:"port"` // such as 5432/tcp
}

// hostMark stands for the service's name in files.
const hostMark = "{{host}}"

// For returns the file's content for a service of that name.
func (f File) For(service string) string { return strings.ReplaceAll(f.Content, hostMark, service) }

var all = sync.OnceValue(func() (modules []Module) {
	if err := json.Unmarshal(table, &modules); err != nil {
		panic("modules.json: " + err.Error()) // it is embedded, and read by tests
	}
	return modules
})

// All lists the modules by name.
func All() []Module { return all() }

// strategy is what a module waits for, nil where it is ready as soon as it runs.
func strategy(module string) (wait.Strategy, error) {
	for _, m := range all() {
		if m.Name != module {
			continue
		}
		var strategies []wait.Strategy
		for _, w := range m.Waits {
			strategies = append(strategies, w.strategy())
		}
		return wait.ForAll(strategies...), nil
	}
	return nil, fmt.Errorf("there is no module %s", module)
}

func (w Wait) strategy() wait.Strategy {
	if w.Port != "" {
		return wait.ForAll(accepts(w.Port), wait.ForListeningPort(w.Port).SkipExternalCheck().WithPollInterval(pollInterval).WithStartupTimeout(never))
	}
	s := wait.ForLog(w.Log).WithOccurrence(w.Occurrence).WithPollInterval(pollInterval).WithStartupTimeout(never)
	if w.Regexp {
		s = s.AsRegexp()
	}
	return s
}
