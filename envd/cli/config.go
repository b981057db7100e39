package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/compose"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/modules"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
	"github.com/envd-dev/envd/envd/internal/runtime/process"
	"github.com/envd-dev/envd/envd/spec"
	"github.com/envd-dev/envd/loadprofiles"
	"github.com/envd-dev/envd/stubs"
)

// This file puts the parts together; there are no global registries.

var lookup = envd.Lookup{Env: os.LookupEnv, File: os.ReadFile}

// specOptions gives the spec's reader what it needs to know about the other parts. runtime replaces the spec's own unless it
// is empty.
func specOptions(runtime string) spec.Options {
	kinds, faults := map[string]func(json.RawMessage) error{}, chaos.Builtin()
	for name, fault := range faults {
		kinds[name] = fault.Validate
	}
	var profiles []spec.Profile
	for _, p := range loadprofiles.Profiles() {
		profiles = append(profiles, spec.Profile{Name: p.Name, Rate: p.Rate, Duration: p.Duration})
	}
	return spec.Options{
		Runtime: runtime, Runtimes: runtimes, Modules: knownModules,
		Compose: compose.Load, FaultKinds: kinds, FaultLag: faultLag(faults), Profiles: profiles, CheckMapping: checkMapping, Lookup: lookup,
		ResolveCommit: func(dir, revision string) (string, error) {
			out, err := exec.Command("git", "-C", dir, "rev-parse", "--verify", revision+"^{commit}").Output()
			if err != nil {
				return "", fmt.Errorf("git knows no commit %q in %s", revision, dir)
			}
			return strings.TrimSpace(string(out)), nil
		},
	}
}

// faultLag returns how long after its injection a fault of that kind can be measured.
func faultLag(faults chaos.Registry) func(string, json.RawMessage) time.Duration {
	return func(kind string, params json.RawMessage) time.Duration {
		if late, ok := faults[kind].(chaos.Lagging); ok {
			return late.Lag(params)
		}
		return 0
	}
}

// knownModules returns the backing services that specs can name.
func knownModules() (list []spec.Module) {
	for _, m := range modules.All() {
		known := spec.Module{Name: m.Name, Image: m.Image, Command: m.Command, Args: m.Args, Env: m.Env, Ports: m.Ports}
		for _, f := range m.Files {
			known.Files = append(known.Files, spec.ModuleFile{Path: f.Path, Mode: f.Mode, Content: f.For})
		}
		list = append(list, known)
	}
	return list
}

// checkMapping finds the mistakes in one file of stub mappings.
func checkMapping(file string, src []byte) []spec.MappingError {
	var found []spec.MappingError
	for _, p := range stubs.CheckMappings(file, src) {
		found = append(found, spec.MappingError{Line: p.Line, Col: p.Column, Message: p.Message})
	}
	return found
}

// runtimes returns the names of those that are built in.
var runtimes = []string{process.Name, docker.Name}

// newRuntime returns the runtime that a spec asks for. id, lease, dir and secrets may be empty where nothing will be
// started.
func newRuntime(s *envd.Spec, id string, lease time.Duration, dir *evidence.Dir, secrets *runner.Secrets) (envd.Runtime, error) {
	logs, redact, paths := "", func(line []byte) []byte { return line }, visible(s)
	if dir != nil {
		logs, redact, paths = dir.Path(evidence.LogsDir), secrets.Redact, append(paths, dir.Path())
	}
	switch name := s.Environment.Runtime; name {
	case process.Name:
		for _, svc := range s.Environment.Services { // visible from the beginning, so that create can take over the bare space
			paths = append(append(paths, svc.WorkDir), svc.Command[:min(1, len(svc.Command))]...)
		}
		return process.New(process.Options{ID: id, Visible: paths, LogDir: logs, Redact: redact}), nil
	case docker.Name:
		return docker.New(docker.Options{Visible: paths, LogDir: logs, Redact: redact, Dir: s.Dir, Lease: lease,
			WireMockImage: os.Getenv(runner.ImageVariable), WireMockJar: os.Getenv(runner.JarVariable)}), nil
	default:
		return nil, fmt.Errorf("runtime %s is not built into this envd; it has: %s", name, strings.Join(runtimes, ", "))
	}
}

// visible lists the paths below /tmp, which is private inside, that the spec and its commands need.
func visible(s *envd.Spec) []string {
	paths := append(filepath.SplitList(os.Getenv("PATH")), s.Dir)
	for _, name := range []string{loadprofiles.EnvironmentVariable, runner.JarVariable} {
		if file := os.Getenv(name); file != "" {
			paths = append(paths, filepath.Dir(file))
		}
	}
	if exe, err := os.Executable(); err == nil { // k6 is looked for beside it
		paths = append(paths, filepath.Dir(exe))
	}
	// Paths that do not exist (PATH often has some) or that this user cannot see cannot be made visible.
	return slices.DeleteFunc(paths, func(path string) bool { _, err := os.Stat(path); return err != nil })
}

// newConfig returns the configuration of a runner on this machine.
func newConfig(s *envd.Spec, dir *evidence.Dir, id string, lease time.Duration, notify func(runner.Notice)) (runner.Config, error) {
	secrets := &runner.Secrets{}
	rt, err := newRuntime(s, id, lease, dir, secrets)
	if err != nil {
		return runner.Config{}, err
	}
	exe, err := os.Executable()
	if err != nil {
		return runner.Config{}, err
	}
	return runner.Config{
		ID: id, Spec: s, Dir: dir, Runtime: rt, Faults: chaos.Builtin(), Lookup: lookup, Secrets: secrets, Notify: notify, Version: versionString(),
		K6: func(ctx context.Context) (loadprofiles.K6, error) {
			return loadprofiles.Find(ctx, loadprofiles.Lookup{})
		},
		Relay: []string{exe, relayVerb, "--"},
	}, nil
}
