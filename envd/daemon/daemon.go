// Package daemon assembles `envd serve`: the store, the dispatcher, and the HTTP API on top of them. It is a control plane
// only: whatever happens to it, runs go on and environments keep their leases.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/bundle"
	"github.com/envd-dev/envd/envd/internal/dispatch"
	"github.com/envd-dev/envd/envd/internal/httpapi"
	"github.com/envd-dev/envd/envd/internal/store"
	"github.com/envd-dev/envd/envd/spec"
)

// Config says how to serve.
type Config struct {
	Address         string       // host:port; empty: DefaultAddress
	StateDir        string       // runs, uploaded specs and the store are below it
	TokenFile       string       // created with a new token if it does not exist
	Exe             string       // the envd binary, for runners
	Version         string       // of envd
	SpecOptions     spec.Options // how submitted specs are checked
	MaxRuns         int          // how many may be going on at once; 0: 2
	MaxEnvironments int          // how many may be up at once; 0: 50
	// Keep is how long the evidence of a run is kept after its end; 0: for ever.
	Keep time.Duration
	// Collect is called regularly, to remove abandoned environments from where they live. Clear is called to remove what
	// a run has left there whose runner died without finishing. Both may be nil.
	Collect func(context.Context) error
	Clear   func(ctx context.Context, id string) error
	Log     *slog.Logger // nil: none
	// Listening is called with the address in use, once requests are served. May be nil.
	Listening func(net.Addr)
}

// DefaultAddress can be reached from this host only.
const DefaultAddress = "127.0.0.1:8700"

// How long pending answers may take when the daemon ends, and how long the header of a request may take.
const (
	drainTimeout  = 5 * time.Second
	headerTimeout = 10 * time.Second
)

// Run serves until ctx ends, which is no error. Runners go on after it.
func Run(ctx context.Context, cfg Config) (err error) {
	cfg.defaults()
	for _, dir := range []string{cfg.StateDir, cfg.bundleDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	unlock, err := lock(filepath.Join(cfg.StateDir, "daemon.lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	token, err := ensureToken(cfg.TokenFile)
	if err != nil {
		return err
	}
	records, err := store.Open(ctx, filepath.Join(cfg.StateDir, "daemon.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	if err := sweepBundles(ctx, cfg.bundleDir(), records); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return err
	}
	runners, err := dispatch.New(ctx, dispatch.Config{
		RunsDir: filepath.Join(cfg.StateDir, "runs"), Exe: cfg.Exe, Env: runnerEnv(os.Environ(), cfg.StateDir), Store: records,
		Load: cfg.load, MaxRuns: cfg.MaxRuns, MaxEnvironments: cfg.MaxEnvironments, Keep: cfg.Keep, Collect: cfg.Collect, Clear: cfg.Clear, Log: cfg.Log,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	handler, err := httpapi.New(httpapi.Config{
		Dispatcher: runners, Store: records, Token: token, BundleDir: cfg.bundleDir(), Limits: bundle.DefaultLimits,
		Version: cfg.Version, Log: cfg.Log,
	})
	if err != nil {
		return errors.Join(err, listener.Close(), runners.Close())
	}
	return cfg.serve(ctx, listener, handler, runners)
}

// serve answers until ctx ends, then lets what is under way end.
func (cfg *Config) serve(ctx context.Context, listener net.Listener, handler http.Handler, runners *dispatch.Dispatcher) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	cfg.Log.Info("serving", "address", "http://"+listener.Addr().String(), "token file", cfg.TokenFile)
	if a, ok := listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		cfg.Log.Warn("serving beyond this host without TLS: put a proxy with TLS in front, the token is sent as it is")
	}
	if cfg.Listening != nil {
		cfg.Listening(listener.Addr())
	}
	select {
	case err := <-served:
		return errors.Join(err, runners.Close())
	case <-ctx.Done():
	}
	err := runners.Close() // ends the streams
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if server.Shutdown(drain) != nil {
		err = errors.Join(err, server.Close()) // cuts commands that are still running
	}
	if serr := <-served; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	cfg.Log.Info("stopped; runs and environments go on")
	return err
}

func (cfg *Config) defaults() {
	if cfg.Address == "" {
		cfg.Address = DefaultAddress
	}
	if cfg.MaxRuns <= 0 {
		cfg.MaxRuns = 2
	}
	if cfg.MaxEnvironments <= 0 {
		cfg.MaxEnvironments = 50
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.TokenFile == "" {
		cfg.TokenFile = filepath.Join(cfg.StateDir, "token")
	}
}

func (cfg *Config) bundleDir() string { return filepath.Join(cfg.StateDir, "bundles") }

// sweepBundles removes uploaded specs that belong to no run any more, because an earlier daemon was killed.
func sweepBundles(ctx context.Context, dir string, records *store.Store) error {
	active, err := records.Active(ctx)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !slices.ContainsFunc(active, func(r store.Record) bool { return r.Bundle == path }) {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// load reads a spec as the runner will.
func (cfg *Config) load(path, runtime string) (*envd.Spec, error) {
	options := cfg.SpecOptions
	options.Runtime = runtime
	s, diagnostics := spec.Load(path, options)
	if s == nil {
		if err := diagnostics.Err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s could not be read", path)
	}
	return s, nil
}

// runnerEnv returns the variables of runners: those of this process, except for the ones that would lead them to a daemon.
func runnerEnv(environ []string, stateDir string) []string {
	var env []string
	for _, kv := range environ {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "ENVD_SERVER", "ENVD_TOKEN", "ENVD_TOKEN_FILE", "ENVD_STATE_DIR":
		default:
			env = append(env, kv)
		}
	}
	return append(env, "ENVD_STATE_DIR="+stateDir)
}
