//go:build !linux

package process

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"

	"github.com/envd-dev/envd/envd"
)

// Runtime is a stand-in on systems other than Linux: it refuses every spec before anything starts, and says what to do.
type Runtime struct{}

var _ envd.Runtime = (*Runtime)(nil)

var errLinux = fmt.Errorf("%w: processes are held together by Linux, and this is %s; run the same spec with --runtime docker",
	envd.ErrUnsupported, runtime.GOOS)

// New returns the stand-in.
func New(Options) *Runtime { return &Runtime{} }

// Name returns "process".
func (r *Runtime) Name() string { return Name }

// Capabilities refuses: there is nothing to plan with.
func (r *Runtime) Capabilities(context.Context) (envd.Capabilities, error) {
	return envd.Capabilities{}, errLinux
}

// Observe finds nothing.
func (r *Runtime) Observe(context.Context, string) (envd.State, error) { return envd.State{}, nil }

// Do refuses.
func (r *Runtime) Do(context.Context, string, envd.Operation) error { return errLinux }

// Wait refuses.
func (r *Runtime) Wait(context.Context, string, string) (envd.Exit, error) {
	return envd.Exit{}, errLinux
}

// Logs refuses.
func (r *Runtime) Logs(context.Context, string, string, bool) (io.ReadCloser, error) {
	return nil, errLinux
}

// Exec refuses.
func (r *Runtime) Exec(context.Context, string, envd.Exec) (int, error) { return -1, errLinux }

// Dial refuses.
func (r *Runtime) Dial(context.Context, string, string, int) (net.Conn, error) { return nil, errLinux }

// Stats refuses.
func (r *Runtime) Stats(context.Context, string) ([]envd.Usage, error) { return nil, errLinux }

// Undeclared refuses.
func (r *Runtime) Undeclared(context.Context, string) ([]envd.Connection, error) {
	return nil, errLinux
}

// Destroy has nothing to remove.
func (r *Runtime) Destroy(context.Context, string) ([]envd.Leftover, error) { return nil, nil }
