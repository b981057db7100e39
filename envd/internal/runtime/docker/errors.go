package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// ErrNoEngine is wrapped by every error that means that there is no usable engine.
var ErrNoEngine = errors.New("no Docker engine")

// unreachable says why an engine does not answer and what to do about it.
func unreachable(host string, err error) error {
	text := strings.ToLower(err.Error())
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, os.ErrPermission), strings.Contains(text, "permission denied"):
		return fmt.Errorf("%w: this user may not use %s: join the group that owns it (sudo usermod -aG docker $USER, then log in again)", ErrNoEngine, host)
	case strings.Contains(text, "http request to an https server"), strings.Contains(text, "malformed http response"), strings.Contains(text, "bad certificate"), strings.Contains(text, "certificate required"):
		return fmt.Errorf("%w: the engine at %s wants certificates: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or use its docker context: %w", ErrNoEngine, host, err)
	case client.IsErrConnectionFailed(err), strings.Contains(text, "cannot connect"):
		return fmt.Errorf("%w: nothing answers at %s: start the engine (sudo systemctl start docker), or name another one in DOCKER_HOST", ErrNoEngine, host)
	}
	return fmt.Errorf("docker engine at %s: %w", host, err)
}

// isFullDisk reports whether an engine has no space left. If this process has none, the error wraps ENOSPC itself.
func isFullDisk(err error) bool {
	return err != nil && !errors.Is(err, syscall.ENOSPC) && strings.Contains(err.Error(), syscall.ENOSPC.Error())
}

// fullDisk adds what to do to the error of an engine that has no space left, and leaves others as they are.
func fullDisk(err error) error {
	if !isFullDisk(err) {
		return err
	}
	return fmt.Errorf("%w: the engine's disk is full: docker system df tells what takes its space, docker system prune removes what is unused", err)
}

func notFound(err error) bool { return cerrdefs.IsNotFound(err) }
func conflict(err error) bool { return cerrdefs.IsConflict(err) }

// refusedStart explains in the user's words why a container did not start.
func refusedStart(service string, command []string, err error) error {
	program := "its program"
	if len(command) > 0 {
		program = command[0]
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "exec format error"):
		return fmt.Errorf("service %s: %s is not for this machine's architecture, or no program at all (exec format error)", service, program)
	case strings.Contains(text, "executable file not found"), strings.Contains(text, "no such file or directory") && strings.Contains(text, "exec"):
		return fmt.Errorf("service %s: there is no program %s in its image: %w", service, program, err)
	case strings.Contains(text, "permission denied") && strings.Contains(text, "exec"):
		return fmt.Errorf("service %s: %s is not executable: %w", service, program, err)
	case strings.Contains(text, "port is already allocated"), strings.Contains(text, "address already in use"):
		return fmt.Errorf("service %s: a port that it publishes is taken on this machine: %w", service, err)
	case strings.Contains(text, "unable to find user"):
		return fmt.Errorf("service %s: its image has no such user: %w", service, err)
	}
	return fmt.Errorf("service %s: %w", service, err)
}

// execRefused matches the only output of a container whose program could not be executed.
var execRefused = regexp.MustCompile(`^\S+ \S+ (exec (\S+): (no such file or directory|exec format error|permission denied))\s*$`)

// neverRan says why a container's program could not be executed, or returns "". The engine reports that as an exit like any
// other.
func (s *service) neverRan(ctx context.Context) string {
	if s.log == nil {
		return ""
	}
	select {
	case <-s.pumped:
	case <-ctx.Done():
		return ""
	}
	said, err := s.log.Reader(ctx, false)
	if err != nil {
		return ""
	}
	defer said.Close()
	text, err := io.ReadAll(io.LimitReader(said, 4096))
	if err != nil {
		return ""
	}
	return execFailure(string(text))
}

// initRefused is execRefused for a container with the engine's init process.
var initRefused = regexp.MustCompile(`^\S+ \S+ \[FATAL tini \(\d+\)\] (exec (\S+) failed: No such file or directory)\s*$`)

// execFailure returns what the only output of a container says about its program's start, or "" if it is another's.
func execFailure(text string) string {
	if m := initRefused.FindStringSubmatch(text); m != nil { // it tries a shell where the program is none
		return m[1] + ": the image has no such program, or it is none for this machine, or the image lacks what it is loaded with, an interpreter or a C library"
	}
	m := execRefused.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	switch m[3] {
	case "no such file or directory":
		return m[1] + ": the image lacks what its program is loaded with, an interpreter or a C library (Go: build with CGO_ENABLED=0)"
	case "exec format error":
		return m[1] + ": it is not a program for this machine: another architecture, or a script without #!"
	}
	return m[1] + ": it is not executable: chmod +x it in the image"
}
