package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/execstream"
)

// State is what a runner reports about itself (GET /v1/state).
type State struct {
	Meta     evidence.Meta                `json:"meta"`
	Services map[string]envd.ServiceState `json:"services,omitempty"`
	Stubs    []envd.StubSummary           `json:"stubs,omitempty"`
}

// RenewRequest is the body of POST /v1/renew; the answer is {"expires": time}.
type RenewRequest struct {
	TTL envd.Duration `json:"ttl"`
}

// serveControl serves the runner's control API on a socket that only this user may use, until the returned function
// is called.
func (s *session) serveControl() (stop func(), err error) {
	listener, address, err := listenControl(s.Dir, s.ID)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("environment %s %w: this user has it up", s.ID, envd.ErrExists)
	}
	if err != nil {
		return nil, fmt.Errorf("control API: %w", err)
	}
	err = s.update(func(m *evidence.Meta) { m.Control, m.PID = address, os.Getpid() })
	if err != nil {
		listener.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler: s.controlAPI(), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with ErrServerClosed; a failed accept leaves the run itself untouched
	}()
	return func() {
		limited, release := context.WithTimeout(ctx, time.Second)
		defer release()
		// Pending answers (to /v1/down) are still sent; streams are cut.
		if server.Shutdown(limited) != nil {
			server.Close()
		}
		cancel()
		<-done
	}, nil
}

func (s *session) controlAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/state", s.getState)
	mux.HandleFunc("POST /v1/down", s.postDown)
	mux.HandleFunc("POST /v1/renew", s.postRenew)
	mux.HandleFunc("GET /v1/logs", s.getLogs)
	mux.HandleFunc("POST /v1/exec", s.postExec)
	mux.HandleFunc("/v1/stubs/{host}/__admin/", s.stubAdmin)
	return mux
}

func (s *session) getState(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	state := State{Meta: s.meta}
	s.mu.Unlock()
	if observed, err := s.Runtime.Observe(r.Context(), s.ID); err == nil {
		state.Services = observed.Services
		for name, svc := range state.Services {
			if l := s.lifeOf(name); l != nil {
				svc.Restarts = int(l.restarts.Load())
				state.Services[name] = svc
			}
		}
		if observed.Gateway {
			if report, err := s.gateway.Report(r.Context()); err == nil {
				state.Stubs = report.Stubs
			}
		}
	}
	reply(w, http.StatusOK, state)
}

// postDown ends the run. It answers at once: callers learn of the end from run.json and from the closed socket.
func (s *session) postDown(w http.ResponseWriter, _ *http.Request) {
	s.end(ErrDown)
	w.WriteHeader(http.StatusAccepted)
}

func (s *session) postRenew(w http.ResponseWriter, r *http.Request) {
	var req RenewRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || req.TTL <= 0 {
		refuse(w, http.StatusBadRequest, errors.New(`the body must be {"ttl": "30m"}`))
		return
	}
	s.mu.Lock()
	leased := s.lease != nil
	s.mu.Unlock()
	if s.settled.Load() {
		refuse(w, http.StatusConflict, errors.New("it is being torn down"))
		return
	}
	if !leased {
		refuse(w, http.StatusConflict, errors.New("this run has no lease to renew: its budget bounds it"))
		return
	}
	expires, err := s.renew(r.Context(), req.TTL.Std())
	if err == nil {
		err = s.update(func(*evidence.Meta) {})
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	reply(w, http.StatusOK, map[string]time.Time{"expires": expires})
}

func (s *session) getLogs(w http.ResponseWriter, r *http.Request) {
	service, follow := r.URL.Query().Get("service"), r.URL.Query().Get("follow") == "true"
	if _, err := s.instance(service); err != nil && service != envd.GatewayName {
		refuse(w, http.StatusNotFound, err)
		return
	}
	logs, err := s.Runtime.Logs(r.Context(), s.ID, service, follow)
	if err != nil {
		refuse(w, statusOf(err), err)
		return
	}
	defer logs.Close()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(flusher{w}, logs) // the reader has left when this fails
}

// noProgram is the exit code of a shell that does not find a program (POSIX.1, 2.8.2).
const noProgram = 127

func (s *session) postExec(w http.ResponseWriter, r *http.Request) {
	defer execstream.Serve(w, r.Body)()
	req, err := execstream.Accept(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	defer req.Close()
	env := s.baseEnv()
	if req.Service == "" {
		req.WorkDir = cmp.Or(req.WorkDir, s.Spec.Dir)
	} else {
		svc, err := s.instance(req.Service)
		if err != nil {
			refuse(w, http.StatusNotFound, err)
			return
		}
		if env, err = s.execEnv(r.Context(), svc); err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		req.WorkDir = cmp.Or(req.WorkDir, svc.WorkDir)
	}
	for k, v := range req.Env {
		env[k] = v
	}
	w.Header().Set("Content-Type", execstream.MediaType)
	answer := execstream.NewSender(flusher{w})
	code, err := s.Runtime.Exec(r.Context(), s.ID, envd.Exec{
		Service: req.Service, Name: "exec", Command: req.Command, Env: env, WorkDir: req.WorkDir, Clean: true,
		Stdin: req.Stdin, Stdout: answer.Stdout(), Stderr: answer.Stderr(), Terminal: req.Terminal, Control: req.Control,
	})
	if errors.Is(err, envd.ErrNoProgram) {
		_, _ = fmt.Fprintln(answer.Stderr(), "envd:", err) // the caller has left when this fails
		code, err = noProgram, nil
	}
	answer.End(code, err)
}

// stubAdmin hands a request to a stub's WireMock admin API.
func (s *session) stubAdmin(w http.ResponseWriter, r *http.Request) {
	host := r.PathValue("host")
	if s.Spec.Environment.Stub(host) == nil {
		refuse(w, http.StatusNotFound, fmt.Errorf("the environment has no stub %s", host))
		return
	}
	http.StripPrefix("/v1/stubs/"+host, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.gateway.Admin(host, w, r)
	})).ServeHTTP(w, r)
}

func statusOf(err error) int {
	if errors.Is(err, envd.ErrNotFound) || errors.Is(err, envd.ErrNoService) {
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

func reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b))) // the caller of an exec may not be at the end of its request
	w.WriteHeader(status)
	_, _ = w.Write(b) // the caller has left when this fails
}

func refuse(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": strings.TrimSpace(err.Error())})
}
