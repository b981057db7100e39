// Package dispatchtest has a stand-in for the runner: a process of its own, started, followed, asked and killed the way
// a runner is, with a run directory and a control API, and no environment behind them. A test's binary is the program:
//
//	func TestMain(m *testing.M) { dispatchtest.Main(m) }
//
// What the stand-in does is said by the variable STANDIN of the spec's first service; see the constants.
package dispatchtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/execstream"
	"github.com/envd-dev/envd/envd/internal/judge"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/spec"
)

// What a stand-in does.
const (
	Quick   = "quick"   // ends with a verdict at once
	Held    = "held"    // goes on until Finish, down or an interrupt
	Refuses = "refuses" // ends with exit code 2 before it has a run directory
	Breaks  = "breaks"  // does not come up
)

// Main runs the tests, or the stand-in where this process was started as one. Goroutines that tests leave behind fail.
func Main(m *testing.M) {
	if len(os.Args) > 2 && (os.Args[1] == "run" || os.Args[1] == "up") {
		code, err := standIn(os.Args[1], os.Args[2:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "stand-in:", err)
		}
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

// flags of a runner, as the dispatcher gives them.
type flags struct {
	spec, id, out, ttl string
}

func parse(args []string) flags {
	f := flags{spec: args[0], id: "shop-standin"}
	for i := 1; i+1 < len(args); i++ {
		switch args[i] {
		case "--id":
			f.id = args[i+1]
		case "--out":
			f.out = args[i+1]
		case "--ttl":
			f.ttl = args[i+1]
		}
	}
	return f
}

type session struct {
	spec  *envd.Spec
	dir   *evidence.Dir
	log   *evidence.Log
	ended chan string // why

	mu   sync.Mutex
	meta evidence.Meta
}

func standIn(kind string, args []string) (code int, err error) {
	interrupts := make(chan os.Signal, 1) // from the first moment, as a runner's
	signal.Notify(interrupts, os.Interrupt)
	f := parse(args)
	s, diagnostics := spec.Load(f.spec, spec.Options{})
	if s == nil {
		return 2, diagnostics
	}
	behaviour := s.Environment.Services[0].Env["STANDIN"].Text
	if behaviour == Refuses {
		return 2, fmt.Errorf("%s: refused, as was asked for", f.spec)
	}
	dir, err := evidence.Create(f.out)
	if err != nil {
		return 3, err
	}
	log, err := dir.OpenLog(evidence.ObservationsFile)
	if err != nil {
		return 3, err
	}
	p := &session{spec: s, dir: dir, log: log, ended: make(chan string, 4), meta: evidence.Meta{
		ID: f.id, Name: s.Name, Kind: kind, Runtime: s.Environment.Runtime, SpecFile: s.File, PID: os.Getpid(),
		Status: evidence.Provisioning, Started: time.Now().UTC(),
	}}
	if err := p.serve(); err != nil {
		return 3, err
	}
	return p.course(behaviour, f, interrupts)
}

// course takes the stand-in through the life of a runner.
func (p *session) course(behaviour string, f flags, interrupts <-chan os.Signal) (int, error) {
	if behaviour == Breaks {
		p.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunProvisionFailed, Detail: "as was asked for"}})
		fmt.Fprintln(os.Stderr, "envd: service api was not ready, as was asked for")
		return p.finish(envd.Errored, 3)
	}
	p.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunProvisioned}})
	if p.meta.Kind == "up" {
		lease, err := time.ParseDuration(f.ttl)
		if err != nil {
			return 2, err
		}
		p.change(func(m *evidence.Meta) {
			m.Status, m.Expires = evidence.Ready, time.Now().UTC().Add(lease)
			m.Addresses = map[string]string{"api:8080": "127.0.0.1:1"}
		})
		if err := launch.Ready(p.meta); err != nil {
			return 3, err
		}
	} else {
		p.change(func(m *evidence.Meta) { m.Status, m.Stage = evidence.Exercising, "peak" })
	}
	why := "finish"
	if behaviour == Held || p.meta.Kind == "up" {
		select {
		case why = <-p.ended:
		case <-interrupts:
			why = "interrupt"
		}
	}
	p.change(func(m *evidence.Meta) { m.Status = evidence.TearingDown })
	if why != "finish" {
		p.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunInterrupted, Detail: why}})
		if p.meta.Kind == "up" {
			return p.finish(envd.Pass, 0)
		}
		return p.finish(envd.Inconclusive, 130)
	}
	p.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunExercised}})
	return p.finish(envd.Inconclusive, 4) // the gate of a stand-in proves nothing
}

func (p *session) observe(o envd.Observation) {
	o.Time = time.Now().UTC()
	if err := p.log.Append(o); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (p *session) change(f func(*evidence.Meta)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.meta)
	if err := p.dir.WriteMeta(p.meta); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (p *session) finish(outcome envd.Outcome, code int) (int, error) {
	if p.meta.Kind == "run" { // an environment proves nothing
		observations, err := p.dir.Observations()
		if err != nil {
			return 3, err
		}
		if err := p.dir.WriteJSON(evidence.VerdictFile, judge.Judge(p.spec, observations)); err != nil {
			return 3, err
		}
	}
	if err := p.dir.WriteFile(evidence.TextFile, []byte("report\n")); err != nil {
		return 3, err
	}
	p.change(func(m *evidence.Meta) {
		m.Status, m.Outcome, m.Ended, m.Control, m.ExitCode = evidence.Finished, outcome, time.Now().UTC(), "", &code
	})
	return code, nil
}

// serve opens the control API.
func (p *session) serve() error {
	address := fmt.Sprintf("@envd-standin/%d/%s", os.Getpid(), p.meta.ID)
	l, err := net.Listen("unix", address)
	if err != nil {
		return err
	}
	p.change(func(m *evidence.Meta) { m.Control = "unix:" + address })
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/standin/finish", func(http.ResponseWriter, *http.Request) { p.ended <- "finish" })
	mux.HandleFunc("POST /v1/standin/observe", func(w http.ResponseWriter, r *http.Request) {
		p.observe(envd.Observation{Run: &envd.RunEvent{Name: "note", Detail: r.URL.Query().Get("detail")}})
	})
	mux.HandleFunc("POST /v1/down", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		p.ended <- "down"
	})
	mux.HandleFunc("GET /v1/state", p.state)
	mux.HandleFunc("POST /v1/renew", p.renew)
	mux.HandleFunc("GET /v1/logs", p.logs)
	mux.HandleFunc("POST /v1/exec", exec)
	mux.HandleFunc("/v1/stubs/{host}/__admin/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"host": %q, "method": %q, "path": %q, "query": %q}`, r.PathValue("host"), r.Method, r.URL.Path, r.URL.RawQuery)
	})
	go func() { _ = http.Serve(l, mux) }() // ends with the process
	return nil
}

func (p *session) state(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	reply(w, http.StatusOK, runner.State{
		Meta: p.meta, Services: map[string]envd.ServiceState{"api": {Running: true, PID: os.Getpid()}},
		Stubs: []envd.StubSummary{{Host: "payments.example.com", Requests: 3}},
	})
}

func (p *session) renew(w http.ResponseWriter, r *http.Request) {
	var req runner.RenewRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	expires := time.Now().UTC().Add(req.TTL.Std())
	p.change(func(m *evidence.Meta) { m.Expires = expires })
	reply(w, http.StatusOK, map[string]time.Time{"expires": expires})
}

func (p *session) logs(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "2026-03-01T12:00:00Z stdout one")
	fmt.Fprintln(w, "2026-03-01T12:00:01Z stderr two")
	if r.URL.Query().Get("follow") == "true" {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// exec copies its input to its output, in capitals, and ends with 7; the command "missing" cannot be run.
func exec(w http.ResponseWriter, r *http.Request) {
	defer execstream.Serve(w, r.Body)()
	req, err := execstream.Accept(r.Body)
	if err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	defer req.Close()
	if req.Service == "nobody" {
		reply(w, http.StatusNotFound, map[string]string{"error": "no such service: nobody"})
		return
	}
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", execstream.MediaType)
	answer := execstream.NewSender(w)
	_, _ = io.WriteString(answer.Stderr(), strings.Join(req.Command, " "))
	_ = control.Flush()
	for buffer := make([]byte, 1024); ; {
		n, err := req.Stdin.Read(buffer)
		if n > 0 {
			_, _ = answer.Stdout().Write(bytes.ToUpper(buffer[:n]))
			_ = control.Flush()
		}
		if err != nil {
			break
		}
	}
	answer.End(7, nil)
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Spec writes a spec for a stand-in below dir and returns its path.
func Spec(t testing.TB, dir, name, behaviour string) string {
	t.Helper()
	path := filepath.Join(dir, name+"-"+behaviour+".yaml")
	text := fmt.Sprintf(`apiVersion: envd/v1
name: %s
artifact: {file: %s}
environment:
  services:
    api: {command: [/bin/true], env: {STANDIN: %s}}
stages:
  - name: check
    functional: {command: [/bin/true]}
gate: {conditions: [no undeclared connections]}
`, name, filepath.Base(path), behaviour)
	if was, err := os.ReadFile(path); err == nil && string(was) == text {
		return path // a runner may be reading it
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Tell sends a word to a stand-in: finish, or observe?detail=….
func Tell(ctx context.Context, control, word string) error {
	network, address, _ := strings.Cut(control, ":")
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://standin/v1/standin/"+word, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
