package runner

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/modules"
)

// moduleTarget lets a module's wait strategy look at a service.
type moduleTarget struct {
	s   *session
	svc *envd.Service
}

var _ modules.Target = moduleTarget{}

func (t moduleTarget) state(ctx context.Context) (envd.ServiceState, error) {
	state, err := t.s.Runtime.Observe(ctx, t.s.ID)
	if err != nil {
		return envd.ServiceState{}, err
	}
	svc, ok := state.Services[t.svc.Name]
	if !ok {
		return svc, fmt.Errorf("%w: %s", envd.ErrNoService, t.svc.Name)
	}
	return svc, nil
}

func (t moduleTarget) Dial(ctx context.Context, port int) (net.Conn, error) {
	return t.s.Runtime.Dial(ctx, t.s.ID, t.svc.Name, port)
}

func (t moduleTarget) Running(ctx context.Context) (bool, int, error) {
	state, err := t.state(ctx)
	if state.ExitCode != nil {
		return state.Running, *state.ExitCode, err
	}
	return state.Running, 0, err
}

func (t moduleTarget) Logs(ctx context.Context) (io.ReadCloser, error) {
	logs, err := t.s.Runtime.Logs(ctx, t.s.ID, t.svc.Name, false)
	if err != nil {
		return nil, err
	}
	defer logs.Close()
	b, err := io.ReadAll(logs)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	for line := range strings.Lines(string(b)) {
		_, said := splitLogLine(line)
		text.WriteString(said)
	}
	return io.NopCloser(strings.NewReader(text.String())), nil
}

func (t moduleTarget) Exec(ctx context.Context, command []string, out io.Writer) (int, error) {
	return t.s.Runtime.Exec(ctx, t.s.ID, envd.Exec{Service: t.svc.Name, Name: "probe", Command: command, Stdout: out, Stderr: out})
}
