package modules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go/exec"
	"github.com/testcontainers/testcontainers-go/wait"
)

const (
	pollInterval = 50 * time.Millisecond
	never        = 365 * 24 * time.Hour // the strategies' own timeouts: the caller's context has the spec's
)

// Target is the running service that a module's readiness is about.
type Target interface {
	// Dial connects to one of its TCP ports.
	Dial(ctx context.Context, port int) (net.Conn, error)
	// Running reports whether it is still running, and its exit code if not.
	Running(ctx context.Context) (running bool, exitCode int, err error)
	// Logs returns its output so far, without times and stream names.
	Logs(ctx context.Context) (io.ReadCloser, error)
	// Exec runs a command in it; out takes both streams.
	Exec(ctx context.Context, command []string, out io.Writer) (exitCode int, err error)
}

// Await returns once the service is ready, as its module says, or with the reason why it is not. ctx bounds it.
func Await(ctx context.Context, module string, target Target) error {
	s, err := strategy(module)
	if err != nil {
		return err
	}
	return s.WaitUntilReady(ctx, view{target})
}

// view presents a Target to wait strategies of testcontainers-go.
type view struct{ target Target }

var _ wait.StrategyTarget = view{}

// MappedPort is the port itself: it is looked for inside.
func (v view) MappedPort(_ context.Context, port string) (network.Port, error) {
	return network.ParsePort(port)
}

func (v view) State(ctx context.Context) (*container.State, error) {
	running, code, err := v.target.Running(ctx)
	if err != nil {
		return nil, err
	}
	if running {
		return &container.State{Running: true, Status: container.StateRunning}, nil
	}
	return &container.State{Status: container.StateExited, ExitCode: code}, nil
}

func (v view) Logs(ctx context.Context) (io.ReadCloser, error) { return v.target.Logs(ctx) }

func (v view) Exec(ctx context.Context, command []string, _ ...exec.ProcessOption) (int, io.Reader, error) {
	var out bytes.Buffer
	code, err := v.target.Exec(ctx, command, &out)
	return code, &out, err
}

// The strategies in the table call none of the following methods.

func (v view) Host(context.Context) (string, error) {
	return "", errors.New("no module's wait strategy connects by itself")
}

func (v view) Ports(context.Context) (network.PortMap, error) { return network.PortMap{}, nil }

func (v view) Inspect(ctx context.Context) (*container.InspectResponse, error) {
	state, err := v.State(ctx)
	return &container.InspectResponse{State: state, NetworkSettings: &container.NetworkSettings{}}, err
}

func (v view) CopyFileFromContainer(_ context.Context, path string) (io.ReadCloser, error) {
	return nil, fmt.Errorf("read %s: no module's wait strategy reads files", path)
}

// accepts is a wait strategy: until a port accepts connections. Those of testcontainers connect to an address, which not every
// engine's containers have for this process.
type accepts string

func (port accepts) WaitUntilReady(ctx context.Context, target wait.StrategyTarget) error {
	p, err := network.ParsePort(string(port))
	if err != nil {
		return err
	}
	for {
		conn, err := target.(view).target.Dial(ctx, int(p.Num()))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollInterval):
		}
	}
}
