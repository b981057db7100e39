// Package envdtest brings up an environment for the duration of a Go test.
//
//	func TestCheckout(t *testing.T) {
//		env := envdtest.Up(t, "envd.yaml")
//		payments := env.Stub("payments.example.com") // a go-wiremock client
//		resp, err := http.Get(env.URL("shop", 8080) + "/checkout")
//		…
//	}
//
// It runs the envd binary (ENVD_BIN, or envd in PATH), or asks a daemon if ENVD_SERVER names one. The environment is gone
// when the test ends; if the test's process is killed, the lease ends it a minute later.
package envdtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wiremock/go-wiremock"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
)

// lease is renewed while the test runs, so that a test that was killed leaves nothing behind for long.
const (
	lease      = time.Minute
	renewEvery = 20 * time.Second
	downWithin = time.Minute
)

// Env is an environment that is up.
type Env struct {
	ID string

	t         testing.TB
	link      link
	addresses map[string]string // "service:port" → host:port
}

// link is the connection to an environment: to its runner, or to a daemon.
type link struct {
	client    *client.Client
	base      string // URL of the API that client speaks to
	token     string
	transport http.RoundTripper
	down      func(context.Context) error
}

// Option changes how an environment is brought up.
type Option func(*options)

type options struct {
	binary, server, token string
}

// WithBinary names the envd binary to run.
func WithBinary(path string) Option { return func(o *options) { o.binary, o.server = path, "" } }

// WithServer names a daemon to ask instead of running the binary.
func WithServer(url, token string) Option { return func(o *options) { o.server, o.token = url, token } }

// Up brings up the environment of a spec, waits until it is ready, and takes it down when the test ends. If it does not come
// up, the test fails with the reason.
func Up(t testing.TB, spec string, opts ...Option) *Env {
	t.Helper()
	path, err := filepath.Abs(spec)
	if err != nil {
		t.Fatalf("envdtest: %v", err)
	}
	var o options
	if err := o.fromEnvironment(); err != nil {
		t.Fatalf("envdtest: %v", err)
	}
	for _, opt := range opts {
		opt(&o)
	}
	e := &Env{t: t}
	if o.server != "" {
		err = e.askDaemon(o, path)
	} else {
		err = e.run(o, path)
	}
	if err != nil {
		t.Fatalf("envdtest: %s did not come up: %v", spec, err)
	}
	stop := e.keep()
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			e.showLogs()
		}
		ctx, cancel := context.WithTimeout(context.Background(), downWithin)
		defer cancel()
		if err := e.link.down(ctx); err != nil {
			t.Errorf("envdtest: taking %s down: %v", e.ID, err)
		}
	})
	return e
}

// keep renews the lease until the returned function is called.
func (e *Env) keep() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if _, err := e.link.client.Renew(ctx, e.ID, lease); err != nil && ctx.Err() == nil {
					e.t.Logf("envdtest: renewing the lease of %s: %v", e.ID, err)
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

// Addr returns the address on this host, host:port, that leads to a port of a service.
func (e *Env) Addr(service string, port int) string {
	e.t.Helper()
	address, ok := e.addresses[service+":"+strconv.Itoa(port)]
	if !ok {
		e.t.Fatalf("envdtest: %s has no %s:%d; it has %s", e.ID, service, port,
			strings.Join(slices.Sorted(maps.Keys(e.addresses)), ", "))
	}
	return address
}

// URL returns Addr as a URL without a trailing slash.
func (e *Env) URL(service string, port int) string {
	e.t.Helper()
	return "http://" + e.Addr(service, port)
}

// Stub returns a client of a stub's admin API, to add mappings, and to read and reset its requests.
func (e *Env) Stub(host string) *wiremock.Client {
	e.t.Helper()
	return wiremock.NewClient(e.StubURL(host))
}

// StubURL returns a URL on this host that serves a stub's WireMock admin API, below /__admin, until the test ends.
func (e *Env) StubURL(host string) string {
	e.t.Helper()
	target, err := url.Parse(e.link.base + "/v1/environments/" + url.PathEscape(e.ID) + "/stubs/" + url.PathEscape(host))
	if err != nil {
		e.t.Fatalf("envdtest: stub %s: %v", host, err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: e.link.transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			if e.link.token != "" {
				r.Out.Header.Set("Authorization", "Bearer "+e.link.token)
			}
		},
	})
	e.t.Cleanup(proxy.Close)
	return proxy.URL
}

// Logs returns the output of a service so far, in lines of time, stdout or stderr, and text.
func (e *Env) Logs(service string) string {
	e.t.Helper()
	var b bytes.Buffer
	if err := e.link.client.Logs(e.t.Context(), e.ID, service, false, &b); err != nil {
		e.t.Fatalf("envdtest: logs of %s: %v", service, err)
	}
	return b.String()
}

// Result is how a command inside the environment ended.
type Result struct {
	ExitCode       int
	Stdout, Stderr string
}

// Exec runs a command inside the environment, where the production hostnames lead to the stubs.
func (e *Env) Exec(command ...string) Result {
	e.t.Helper()
	var stdout, stderr bytes.Buffer
	code, err := e.link.client.Exec(e.t.Context(), e.ID, v1.ExecRequest{Command: command}, nil, &stdout, &stderr)
	if err != nil {
		e.t.Fatalf("envdtest: exec %s: %v", strings.Join(command, " "), err)
	}
	return Result{code, stdout.String(), stderr.String()}
}

// showLogs prints the last lines of every service of a test that failed.
func (e *Env) showLogs() {
	const most = 30
	services := map[string]bool{}
	for name := range e.addresses {
		service, _, _ := strings.Cut(name, ":")
		services[service] = true
	}
	ctx, cancel := context.WithTimeout(context.Background(), downWithin)
	defer cancel()
	for _, service := range slices.Sorted(maps.Keys(services)) {
		var b bytes.Buffer
		if err := e.link.client.Logs(ctx, e.ID, service, false, &b); err != nil {
			e.t.Logf("log of %s: %v", service, err)
			continue
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		e.t.Logf("last lines of %s:\n%s", service, strings.Join(lines[max(0, len(lines)-most):], "\n"))
	}
}

// askDaemon brings up the environment through a daemon.
func (e *Env) askDaemon(o options, spec string) error {
	c, err := client.New(o.server, client.WithToken(o.token))
	if err != nil {
		return err
	}
	env, err := c.Up(e.t.Context(), client.Spec{Path: spec, Upload: !c.LocalPath()}, lease)
	if err != nil {
		return err
	}
	e.ID, e.addresses = env.ID, env.Addresses
	e.link = link{client: c, base: strings.TrimRight(o.server, "/"), token: strings.TrimSpace(o.token), transport: http.DefaultTransport,
		down: func(ctx context.Context) error {
			env, err := c.Down(ctx, e.ID)
			if err == nil && env.ExitCode != nil && *env.ExitCode != 0 {
				err = fmt.Errorf("its runner ended with exit code %d: %s", *env.ExitCode, env.Message)
			}
			if errors.Is(err, v1.ErrConflict) {
				err = errors.New("it had ended before the test did")
			}
			return err
		}}
	return nil
}
