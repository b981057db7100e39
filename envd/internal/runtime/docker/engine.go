package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// connect returns a client of the engine that the environment names; it does not talk to it yet. The order is that of
// the docker command: DOCKER_HOST, DOCKER_CONTEXT, the configuration's current context, the default socket, and where
// that is not there the user's own.
func connect() (*client.Client, error) {
	options := []client.Opt{client.FromEnv, client.WithUserAgent("envd")}
	if os.Getenv(client.EnvOverrideHost) == "" {
		host, err := hostOfContext()
		if err != nil {
			return nil, err
		}
		if host == "" {
			host = ownSocket()
		}
		if host != "" {
			options = append(options, client.WithHost(host))
		}
	}
	cli, err := client.New(options...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: name one in DOCKER_HOST as unix:///var/run/docker.sock", ErrNoEngine, err)
	}
	return cli, nil
}

// hostOfContext reads the endpoint of the docker command's current context, or returns "" for the default one.
func hostOfContext() (string, error) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", nil // no home, no configuration
		}
		dir = filepath.Join(home, ".docker")
	}
	name := os.Getenv("DOCKER_CONTEXT")
	if name == "" {
		var config struct{ CurrentContext string }
		if err := readJSON(filepath.Join(dir, "config.json"), &config); err != nil && !os.IsNotExist(err) {
			return "", err
		}
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return "", nil
	}
	id := sha256.Sum256([]byte(name))
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	err := readJSON(filepath.Join(dir, "contexts", "meta", hex.EncodeToString(id[:]), "meta.json"), &meta)
	if os.IsNotExist(err) {
		return "", fmt.Errorf("%w: there is no docker context %s (docker context ls lists them, docker context use default leaves it)", ErrNoEngine, name)
	}
	if err != nil {
		return "", fmt.Errorf("%w: docker context %s: %w", ErrNoEngine, name, err)
	}
	return meta.Endpoints["docker"].Host, nil
}

func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// ownSocket is the engine of this user alone, where the machine has none.
func ownSocket() string {
	if _, err := os.Stat(strings.TrimPrefix(client.DefaultDockerHost, "unix://")); err == nil {
		return ""
	}
	own := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "docker.sock")
	if _, err := os.Stat(own); err != nil {
		return ""
	}
	return "unix://" + own
}

// guarantee says what holds and what not.
const guarantee = "containers in a network of their own per environment: production ports and hostnames, no route out: what nobody declared is refused and recorded; " +
	"this machine itself can be reached at the network's first address; a leash removes everything when the runner dies, the next envd command when both were killed"

// Capabilities asks the engine. It is an error when there is none, or one that cannot hold environments.
func (r *Runtime) Capabilities(ctx context.Context) (envd.Capabilities, error) {
	if _, err := r.usable(ctx); err != nil {
		return envd.Capabilities{}, err
	}
	return envd.Capabilities{
		Commands: true, Images: true, Replicas: true, Resources: true, Isolated: true, Hostnames: true, Egress: true,
		Links: true, Pause: true, Limits: true, Disconnect: true, Terminals: true, Guarantee: guarantee,
	}, nil
}

// local refuses engines of other machines, before anybody waits for them to answer.
func local(cli *client.Client) error {
	if host := cli.DaemonHost(); !strings.HasPrefix(host, "unix://") {
		return fmt.Errorf("%w: the engine at %s is not on this machine itself, so that containers' addresses cannot be reached: name one that is in DOCKER_HOST, as unix:///var/run/docker.sock",
			ErrNoEngine, host)
	}
	return nil
}

// usable returns the client once it is known that the engine runs here, as environments need it.
func (r *Runtime) usable(ctx context.Context) (*client.Client, error) {
	cli, err := r.client()
	if err != nil {
		return nil, err
	}
	r.probing.Lock()
	defer r.probing.Unlock()
	if r.probed {
		return cli, nil
	}
	if err := local(cli); err != nil {
		return nil, err
	}
	var version client.ServerVersionResult
	var versionErr error
	var asked sync.WaitGroup
	asked.Go(func() { version, versionErr = cli.ServerVersion(ctx, client.ServerVersionOptions{}) })
	result, err := cli.Info(ctx, client.InfoOptions{})
	asked.Wait()
	if err := errors.Join(err, versionErr); err != nil {
		return nil, unreachable(cli.DaemonHost(), err)
	}
	info := result.Info
	switch {
	case slices.ContainsFunc(version.Components, func(c system.ComponentVersion) bool { return strings.HasPrefix(c.Name, "Podman") }):
		return nil, fmt.Errorf("%w: the engine at %s is Podman, which gives every network a way out and leaves no room for the router that refuses and records what nobody declared: use a Docker engine, or the process runtime",
			envd.ErrUnsupported, cli.DaemonHost())
	case runtime.GOOS != "linux", strings.Contains(info.OperatingSystem, "Docker Desktop"):
		return nil, fmt.Errorf("%w: the engine at %s is not on this Linux machine itself, so that containers' addresses cannot be reached", envd.ErrUnsupported, cli.DaemonHost())
	case info.OSType != "linux":
		return nil, fmt.Errorf("%w: the engine at %s runs %s containers", envd.ErrUnsupported, cli.DaemonHost(), info.OSType)
	case slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return strings.Contains(o, "rootless") }):
		return nil, fmt.Errorf("%w: the engine at %s is rootless: containers' addresses lie in a network of its own and cannot be reached; use the process runtime, which needs no root either", envd.ErrUnsupported, cli.DaemonHost())
	}
	r.probed = true
	return cli, nil
}
