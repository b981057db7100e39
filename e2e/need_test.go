package e2e

import (
	"debug/elf"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/e2e/rootlesstest"
)

// needs skips a test that lacks something of what [lack] knows, and says how to get it. In CI the test fails instead.
func needs(t testing.TB, all ...string) {
	t.Helper()
	for _, what := range all {
		err := lack(what)
		if os.Getenv("CI") != "" {
			require.NoError(t, err)
		}
		if err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
	}
}

// has is a script's condition: whether [lack] finds nothing. In CI what is missing is an error.
func has(t testing.TB, what string) (bool, error) {
	err := lack(what)
	if err != nil && os.Getenv("CI") != "" {
		return false, err
	}
	if err != nil {
		t.Logf("SKIPPED in part: %v", err)
	}
	return err == nil, nil
}

// lack tells what is missing, and how to get it; nil where nothing is.
func lack(what string) error {
	switch what {
	case "engine":
		socket := "/var/run/docker.sock"
		if host := os.Getenv("DOCKER_HOST"); host != "" {
			socket = strings.TrimPrefix(host, "unix://")
		}
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return fmt.Errorf("no Docker engine: %w; install docker.io and start dockerd", err)
		}
		return conn.Close()
	case "docker": // an engine in which this program can run in an image of nothing else
		if err := lack("engine"); err != nil {
			return err
		}
		return linkedStatically(os.Args[0])
	case "rootless": // the means to run a rootless engine as a user made for it
		return rootlesstest.Lack()
	case "k6", "podinfo", "backing", "docker-compose":
		if _, err := os.Stat(repository("bin", what)); err != nil {
			return fmt.Errorf("bin/%s is missing; `make %s` builds it", what, strings.TrimPrefix(what, "docker-"))
		}
		return nil
	case "debian":
		if _, err := os.Stat(repository(".tools", "databases.tar")); err != nil {
			return fmt.Errorf("the Debian root is missing: %w; install debootstrap, and run `make debian` as root", err)
		}
		return nil
	case "wiremock":
		_, err := os.Stat(jar())
		if err == nil {
			_, err = exec.LookPath("java")
		}
		if err != nil {
			return fmt.Errorf("the real WireMock is missing: %w; `make wiremock` fetches it, and Java runs it", err)
		}
		return nil
	}
	panic("unknown condition " + what)
}

func linkedStatically(program string) error {
	f, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("the tests were built with CGO_ENABLED=1; set it to 0")
		}
	}
	return nil
}
