package runner

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/gateway"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
	"github.com/envd-dev/envd/envd/internal/splice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a session waits for; reaching it is a failure.
const patience = 30 * time.Second

// rig is a run in the fake runtime: real stubs behind a real gateway, services and tests that are functions of this process.
type rig struct {
	t    *testing.T
	cfg  Config
	fake fake.Options
	port int // of the stub payments.example.com, on the loopback interface
	rt   *fake.Runtime
	over func(*fake.Runtime) envd.Runtime // what stands over the fake runtime; may be nil

	mu      sync.Mutex
	notices []Notice
}

// newRig returns a run that passes: a service that answers, a stub, a test that asks it once.
func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := evidence.Create(filepath.Join(t.TempDir(), "run"))
	require.NoError(t, err)
	r := &rig{t: t, port: freePort(t)}
	id := fmt.Sprintf("t%d-%d", os.Getpid(), r.port)
	r.fake = fake.Options{
		LogDir: dir.Path(evidence.LogsDir), Gateway: gatewayAt(id),
		Programs: map[string]fake.Program{
			"serve": serve,
			"ask":   func(ctx context.Context, p *fake.Process) int { return ask(ctx, p, r.port, "/charge") },
			"fail":  func(_ context.Context, p *fake.Process) int { fmt.Fprintln(p.Stderr, "something broke"); return 7 },
			"hang":  func(ctx context.Context, _ *fake.Process) int { <-ctx.Done(); return 0 },
		},
	}
	r.cfg = Config{
		ID: id, Dir: dir, Faults: chaos.Builtin(), Secrets: &Secrets{}, Version: "test",
		Lookup: envd.Lookup{Env: func(name string) (string, bool) { v, ok := map[string]string{"TOKEN": "hush-hush"}[name]; return v, ok }},
		Notify: func(n Notice) { r.mu.Lock(); defer r.mu.Unlock(); r.notices = append(r.notices, n) },
		Spec: &envd.Spec{
			Name: "shop", Dir: t.TempDir(), Budget: envd.Duration(patience),
			Environment: &envd.Environment{
				Runtime: "fake",
				Services: []envd.Service{{
					Name: "api", Command: []string{"serve"}, Ports: []envd.Port{{Number: 8080}}, Replicas: 1,
					Ready: envd.Readiness{HTTP: &envd.HTTPProbe{Port: 8080, Path: "/ready"}, Timeout: envd.Duration(patience), Interval: envd.Duration(time.Millisecond)},
					Stop:  envd.Stop{Signal: "TERM", Grace: envd.Duration(patience)},
				}},
				Stubs: []envd.Stub{{
					Host: "payments.example.com", Ports: []int{r.port}, Engine: envd.EngineBuiltin,
					Mappings: []string{`{"request": {"url": "/charge"}, "response": {"jsonBody": {"paid": true}}}`},
				}},
			},
			Stages: []envd.Stage{{Name: "tests", Functional: &envd.Functional{Command: []string{"ask"}, Timeout: envd.Duration(patience)}}},
			Gate:   envd.Gate{Conditions: []envd.Condition{{Source: "no unmatched requests", Kind: envd.NoUnmatched}}},
		},
	}
	return r
}

// run carries the session out and checks what every session must leave: an environment that is gone, and sealed evidence.
func (r *rig) run(ctx context.Context, how func(context.Context, Config) (Result, error)) Result {
	r.t.Helper()
	r.rt = fake.New(r.fake)
	r.cfg.Runtime = r.rt
	if r.over != nil {
		r.cfg.Runtime = r.over(r.rt)
	}
	result, err := how(ctx, r.cfg)
	require.NoError(r.t, err)
	r.gone()
	meta, err := r.cfg.Dir.Meta()
	require.NoError(r.t, err)
	assert.Equal(r.t, evidence.Finished, meta.Status)
	assert.Empty(r.t, meta.Control)
	assert.Equal(r.t, result.Verdict.Outcome, meta.Outcome)
	require.NotNil(r.t, meta.ExitCode)
	assert.Equal(r.t, result.ExitCode, *meta.ExitCode)
	digest, err := r.cfg.Dir.Check()
	require.NoError(r.t, err)
	assert.Equal(r.t, result.Digest, digest)
	assert.Equal(r.t, envd.RunTornDown, r.events()[len(r.events())-1])
	return result
}

// gone checks that the runtime holds nothing.
func (r *rig) gone() {
	r.t.Helper()
	state, err := r.rt.Observe(context.WithoutCancel(r.t.Context()), r.cfg.ID)
	require.NoError(r.t, err)
	assert.False(r.t, state.Exists)
}

// events are the names of the run's own events, in their order.
func (r *rig) events() (names []string) {
	r.t.Helper()
	observations, err := r.cfg.Dir.Observations()
	require.NoError(r.t, err)
	for _, o := range observations {
		if o.Run != nil {
			names = append(names, o.Run.Name)
		}
	}
	return names
}

// detail is what the run's event of that name says.
func (r *rig) detail(name string) string {
	r.t.Helper()
	observations, err := r.cfg.Dir.Observations()
	require.NoError(r.t, err)
	for _, o := range observations {
		if o.Run != nil && o.Run.Name == name {
			return o.Run.Detail
		}
	}
	require.Fail(r.t, "no event "+name)
	return ""
}

func (r *rig) read(names ...string) string {
	r.t.Helper()
	b, err := os.ReadFile(r.cfg.Dir.Path(names...))
	require.NoError(r.t, err)
	return string(b)
}

// serve answers every request until it is asked to end.
func serve(ctx context.Context, p *fake.Process) int {
	fmt.Fprintln(p.Stdout, "listening")
	l, err := p.Listen(8080)
	if err != nil {
		return 1
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Path) })}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	select {
	case <-p.Terminated():
	case <-ctx.Done():
	}
	server.Close()
	<-done
	fmt.Fprintln(p.Stdout, "bye")
	return 0
}

// ask makes one request of the stub.
func ask(ctx context.Context, p *fake.Process, port int, path string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
	if err != nil {
		return 1
	}
	req.Host, req.Close = "payments.example.com", true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	defer resp.Body.Close()
	_, _ = io.Copy(p.Stdout, resp.Body)
	return 0
}

// gatewayAt runs the real gateway, whose control API is the fake's.
func gatewayAt(id string) fake.Program {
	return func(ctx context.Context, p *fake.Process) int {
		l, err := p.Listen(0)
		if err != nil {
			return 1
		}
		address := "@envd-runner-test-" + id
		var relays sync.WaitGroup
		defer relays.Wait()
		defer l.Close()
		relays.Go(func() {
			for {
				outer, err := l.Accept()
				if err != nil {
					return
				}
				relays.Go(func() {
					defer outer.Close()
					inner, err := net.Dial("unix", address)
					if err != nil {
						return // the gateway is not there yet; the claim is tried again
					}
					defer inner.Close()
					splice.Join(outer, inner)
				})
			}
		})
		if err := gateway.Run(ctx, gateway.Options{Address: "127.0.0.1", Control: "unix:" + address}); err != nil && !strings.Contains(err.Error(), "closed") {
			fmt.Fprintln(p.Stderr, err)
			return 1
		}
		return 0
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
