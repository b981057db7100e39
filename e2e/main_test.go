// Package e2e drives the built envd binary as its users do.
package e2e

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// binary is envd as it was built for this run.
var binary = repository("bin", "envd")

func TestMain(m *testing.M) {
	// Scripts run this test binary again, as the programs under test; only the outermost process builds envd.
	if filepath.Ext(os.Args[0]) == ".test" {
		if err := build(binary); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: build envd:", err)
			os.Exit(1)
		}
	}
	testscript.Main(m, map[string]func(){"app": appMain, "waitfor": waitforMain, "retry": retryMain})
}

func build(path string) error {
	cmd := exec.Command("go", "build", "-o", path, "../cmd/envd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// TestScripts runs testdata/*.txtar: each drives envd with files of its own in a directory of its own.
func TestScripts(t *testing.T) { runScripts(t, "testdata") }

// TestAlone runs the scripts whose objectives are times, when no other script runs.
func TestAlone(t *testing.T) { runScripts(t, "testdata/alone") }

func runScripts(t *testing.T, dir string) {
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Condition:           func(cond string) (bool, error) { return has(t, cond) },
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", filepath.Dir(binary)+":"+repository("bin")+":"+e.Getenv("PATH"))
			e.Setenv("ENVD_STATE_DIR", filepath.Join(e.WorkDir, "state"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("DOCKER_HOST", os.Getenv("DOCKER_HOST"))
			e.Setenv("UNIQUE", strings.ToLower(rand.Text()[:8])) // for what is the machine's: names in a Docker engine
			e.Setenv("DEBIAN", os.Getenv(debianVariable))
			e.Setenv("PORT", strconv.Itoa(freePort(t)))
			e.Setenv("ENVD_WIREMOCK_JAR", jar())
			e.Defer(func() { downAll(t, e.Getenv("ENVD_STATE_DIR")) })
			return nil
		},
	})
}

// downAll takes down what a script that failed left up.
func downAll(t *testing.T, stateDir string) {
	if _, err := os.Stat(stateDir); err != nil {
		return
	}
	cmd := exec.Command(binary, "down", "--all")
	cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+stateDir, "ENVD_SERVER=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("envd down --all in %s: %v\n%s", stateDir, err, out)
	}
}

// freePort returns a TCP port of the loopback interface that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// jar is the real WireMock, as `make wiremock` fetches it.
func jar() string {
	if path := os.Getenv("ENVD_WIREMOCK_JAR"); path != "" {
		return path
	}
	return repository(".tools", "wiremock-standalone-3.13.2.jar")
}

// repository is a path in this checkout.
func repository(elem ...string) string {
	wd, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return filepath.Join(append([]string{filepath.Dir(wd)}, elem...)...)
}
