package envdtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
)

// fromEnvironment takes ENVD_SERVER with ENVD_TOKEN or ENVD_TOKEN_FILE, and ENVD_BIN.
func (o *options) fromEnvironment() error {
	o.binary, o.server, o.token = os.Getenv("ENVD_BIN"), os.Getenv("ENVD_SERVER"), os.Getenv("ENVD_TOKEN")
	if file := os.Getenv("ENVD_TOKEN_FILE"); o.server != "" && o.token == "" && file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("ENVD_TOKEN_FILE: %w", err)
		}
		o.token = string(b)
	}
	return nil
}

// run brings the environment up with the envd binary as a child of the test.
func (e *Env) run(o options, spec string) error {
	binary := o.binary
	if binary == "" {
		found, err := exec.LookPath("envd")
		if err != nil {
			return fmt.Errorf("no envd binary: put envd into PATH, name it with ENVD_BIN, or a daemon with ENVD_SERVER: %w", err)
		}
		binary = found
	}
	ready, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close() // only read from
	var progress buffer
	cmd := exec.Command(binary, "up", spec, "--foreground", "--ttl", lease.String(), "--out", filepath.Join(e.t.TempDir(), "run"))
	cmd.Env = append(withoutServer(os.Environ()), "ENVD_STATE_DIR="+e.t.TempDir(), launch.ReadyVariable+"=3")
	cmd.Stderr, cmd.ExtraFiles = &progress, []*os.File{writer}
	if err := errors.Join(cmd.Start(), writer.Close()); err != nil {
		return err
	}
	stop := context.AfterFunc(e.t.Context(), func() {
		_ = cmd.Process.Signal(os.Interrupt) // ends one that is on its way up; one that is up ends the same way
	})
	var meta evidence.Meta
	if err := json.NewDecoder(ready).Decode(&meta); err != nil {
		stop()
		werr := cmd.Wait() // before its last words are read
		return errors.Join(errors.New(strings.TrimSpace(progress.String())), werr)
	}
	stop()
	e.ID, e.addresses = meta.ID, meta.Addresses
	transport := newRunnerTransport(meta)
	c, err := client.New(runnerURL, client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	e.link = link{client: c, base: runnerURL, transport: transport, down: func(ctx context.Context) error {
		return takeDown(ctx, cmd, &progress)
	}}
	return nil
}

// takeDown interrupts the child and waits for its end; it is killed should that take too long.
func takeDown(ctx context.Context, cmd *exec.Cmd, progress *buffer) error {
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("it had ended before the test did: %w\n%s", err, progress.String())
	}
	stop := context.AfterFunc(ctx, func() {
		_ = cmd.Process.Kill() // the wait tells
	})
	defer stop()
	const interrupted = 130 // how `envd up --foreground` ends when it is asked to
	err := cmd.Wait()
	if err == nil || cmd.ProcessState.ExitCode() == interrupted {
		return nil
	}
	return fmt.Errorf("%w\n%s", err, progress.String())
}

// runnerURL stands for the runner; its transport knows the way.
const runnerURL = "http://runner"

// runnerTransport speaks the daemon's API to the one runner: what a daemon has below /v1/environments/{id}, a runner
// has below /v1.
type runnerTransport struct {
	prefix string
	inner  *http.Transport
}

func newRunnerTransport(meta evidence.Meta) *runnerTransport {
	network, address, _ := strings.Cut(meta.Control, ":")
	return &runnerTransport{"/v1/environments/" + meta.ID, &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		DisableKeepAlives: true, // the runner's end must not wait for idle connections
	}}
}

func (t *runnerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Path = "/v1" + strings.TrimPrefix(req.URL.Path, t.prefix)
	req.URL.RawPath = ""
	return t.inner.RoundTrip(req)
}

func withoutServer(environ []string) []string {
	var out []string
	for _, kv := range environ {
		if name, _, _ := strings.Cut(kv, "="); name != "ENVD_SERVER" && name != "ENVD_STATE_DIR" {
			out = append(out, kv)
		}
	}
	return out
}

// buffer is a bytes.Buffer that a child may write to while it is read.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
