package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ServiceFault is what is done to a service, or to each of its replicas.
type ServiceFault struct {
	Verb    Verb  `json:"verb"`
	Kill    bool  `json:"kill,omitempty"`    // restart: by SIGKILL instead of as the service asks to be stopped
	Rolling bool  `json:"rolling,omitempty"` // restart: one replica at a time, the next once the one is ready
	CPU     int64 `json:"cpu,omitempty"`     // limit: thousandths of a core
	Memory  int64 `json:"memory,omitempty"`  // limit: bytes
}

// Verb is what a fault does to a service.
type Verb string

// The verbs of faults on services.
const (
	Kill       Verb = "kill"       // SIGKILL; started again at the end
	Stop       Verb = "stop"       // as it asks to be stopped; started again at the end
	Pause      Verb = "pause"      // frozen; thawed at the end
	Restart    Verb = "restart"    // stopped and started at once
	Limit      Verb = "limit"      // gets less CPU or memory; as before at the end
	Disconnect Verb = "disconnect" // taken off its network; connected again at the end
)

func serviceFault(name string, parse func(json.RawMessage) (ServiceFault, error)) Fault {
	return kind[ServiceFault]{name: name, undo: Leashed, control: World.Services, parse: parse}
}

// plain is a fault without parameters.
func plain(name string, verb Verb) Fault {
	return serviceFault(name, func(params json.RawMessage) (ServiceFault, error) {
		return ServiceFault{Verb: verb}, decode(params, &struct{}{})
	})
}

// ServiceKill ends a service, and all that it started, by SIGKILL, and starts it again at its end. No parameters.
func ServiceKill() Fault { return plain("service.kill", Kill) }

// ServiceStop ends a service as it asks to be stopped, and starts it again at its end. No parameters.
func ServiceStop() Fault { return plain("service.stop", Stop) }

// ServicePause freezes a service: connections are accepted, and nothing is answered. No parameters.
func ServicePause() Fault { return plain("service.pause", Pause) }

// NetworkDisconnect takes a service off its network, connections included. No parameters.
func NetworkDisconnect() Fault { return plain("network.disconnect", Disconnect) }

// ServiceRestart stops a service and starts it again at once. Parameters: mode (stop, the default, or kill); rolling
// (one replica at a time, each once the one before is ready; default true).
func ServiceRestart() Fault {
	return serviceFault("service.restart", func(params json.RawMessage) (ServiceFault, error) {
		p := struct {
			Mode    string `json:"mode"`
			Rolling *bool  `json:"rolling"`
		}{}
		if err := decode(params, &p); err != nil {
			return ServiceFault{}, err
		}
		if p.Mode != "" && p.Mode != "stop" && p.Mode != "kill" {
			return ServiceFault{}, fmt.Errorf("mode %q is unknown; use stop or kill", p.Mode)
		}
		return ServiceFault{Verb: Restart, Kill: p.Mode == "kill", Rolling: p.Rolling == nil || *p.Rolling}, nil
	})
}

// ServiceLimit bounds what a service may consume. Parameters: cpu (500m is half a core, 2 are two) and memory (64Mi), at
// least one of them.
func ServiceLimit() Fault {
	return serviceFault("service.limit", func(params json.RawMessage) (f ServiceFault, err error) {
		var p struct {
			CPU    json.RawMessage `json:"cpu"`
			Memory json.RawMessage `json:"memory"`
		}
		if err := decode(params, &p); err != nil {
			return f, err
		}
		f.Verb = Limit
		if len(p.CPU)+len(p.Memory) == 0 {
			return f, errors.New("give cpu, memory or both, for example cpu: 200m")
		}
		if len(p.CPU) > 0 {
			if f.CPU, err = millicores(strings.Trim(string(p.CPU), `"`)); err != nil {
				return ServiceFault{}, err
			}
		}
		if len(p.Memory) > 0 {
			if f.Memory, err = bytesOf(strings.Trim(string(p.Memory), `"`)); err != nil {
				return ServiceFault{}, err
			}
		}
		return f, nil
	})
}

func millicores(text string) (int64, error) {
	digits, scale := text, 1000.0
	if m, found := strings.CutSuffix(text, "m"); found {
		digits, scale = m, 1
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || v*scale < 1 {
		return 0, fmt.Errorf("cpu %q is no amount of processor time such as 500m or 2", text)
	}
	return int64(v * scale), nil
}

func bytesOf(text string) (int64, error) {
	for _, u := range []struct {
		suffix string
		bytes  float64
	}{{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"", 1}} {
		digits, found := strings.CutSuffix(text, u.suffix)
		if v, err := strconv.ParseFloat(digits, 64); found && err == nil && v >= 1 {
			return int64(v * u.bytes), nil
		}
	}
	return 0, fmt.Errorf("memory %q is no size such as 64Mi", text)
}
