package docker_test

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

func TestMain(m *testing.M) {
	switch args := os.Args[1:]; {
	case docker.IsLeash(args):
		os.Exit(docker.LeashMain(args))
	case docker.IsShim(args):
		os.Exit(docker.ShimMain(args))
	}
	runtimetest.Main()
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case trialVerb:
			os.Exit(trialRunner(os.Args[2], os.Args[3]))
		case collectVerb:
			os.Exit(collectDryRun())
		case eatVerb:
			os.Exit(eat())
		}
	}
	code, err := withProgram(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// program is this test as a statically linked binary, which containers can run.
var program = os.Args[0]

// withProgram builds one where this binary is not (the race detector needs a C library).
func withProgram(run func() int) (code int, err error) {
	f, err := elf.Open(program)
	if err != nil {
		return 0, err
	}
	static := !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
	if err := f.Close(); err != nil || static {
		return run(), err
	}
	dir, err := os.MkdirTemp("", "envd-docker-test-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program = filepath.Join(dir, "docker.test")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := build.Run(); err != nil {
		return 0, fmt.Errorf("a static test binary: %w", err)
	}
	return run(), nil
}

// options are those of a runtime of this test.
func options(t testing.TB) docker.Options {
	return docker.Options{Exe: program, LogDir: t.TempDir(), Dir: t.TempDir()}
}

// needEngine skips where there is no engine, which is an error where all tests must run.
func needEngine(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := docker.New(docker.Options{}).Capabilities(ctx)
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: ", err)
	}
	require.NoError(t, err)
}

func TestConformance(t *testing.T) {
	needEngine(t)
	image := importImage(t, engine(t), map[string]string{})
	info, err := engine(t).Info(t.Context(), client.InfoOptions{})
	require.NoError(t, err)
	rootless := slices.ContainsFunc(info.Info.SecurityOptions, func(o string) bool { return strings.Contains(o, "name=rootless") })
	runtimetest.Run(t, runtimetest.Harness{
		Measures: true, EndsTogether: true, Addressed: !rootless,
		Exe: program, New: func(t testing.TB) envd.Runtime { return docker.New(options(t)) },
		Image:   image,
		Foreign: func(testing.TB, envd.Runtime) envd.Runtime { return docker.New(docker.Options{}) },
	})
}
