package docker_test

import (
	"context"
	"os"
	"testing"
	"time"

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
		case eatVerb:
			os.Exit(eat())
		}
	}
	os.Exit(m.Run())
}

// needEngine skips where there is no engine, which is an error where all tests must run.
func needEngine(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := docker.New(docker.Options{}).Capabilities(ctx)
	if err != nil && os.Getenv("CI") == "true" {
		require.NoError(t, err)
	}
	if err != nil {
		t.Skip("NOT TESTED: ", err)
	}
}

func TestConformance(t *testing.T) {
	needEngine(t)
	runtimetest.Run(t, runtimetest.Harness{
		Measures: true, EndsTogether: true,
		New: func(t testing.TB) envd.Runtime {
			return docker.New(docker.Options{LogDir: t.TempDir(), Dir: t.TempDir()})
		},
		Foreign: func(testing.TB, envd.Runtime) envd.Runtime { return docker.New(docker.Options{}) },
	})
}
