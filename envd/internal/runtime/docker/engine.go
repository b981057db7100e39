package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// connect returns a client of the engine that the environment names; it does not talk to it yet. The order is that of
// the docker command: DOCKER_HOST, DOCKER_CONTEXT, the configuration's current context, the default socket; and where
// this user may not use that, their own.
func connect() (*client.Client, error) {
	options := []client.Opt{client.FromEnv, client.WithUserAgent("envd")}
	if os.Getenv(client.EnvOverrideHost) == "" {
		chosen, err := fromContext()
		if err != nil {
			return nil, err
		}
		if host := ownSocket(); len(chosen) == 0 && host != "" {
			chosen = []client.Opt{client.WithHost(host)}
		}
		options = append(options, chosen...)
	}
	cli, err := client.New(options...)
	if err != nil && strings.Contains(err.Error(), "TLS") {
		return nil, fmt.Errorf("%w: %w: DOCKER_CERT_PATH, or the docker context, must have ca.pem, cert.pem and key.pem", ErrNoEngine, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w: name one in DOCKER_HOST as unix:///var/run/docker.sock", ErrNoEngine, err)
	}
	return cli, nil
}

// fromContext is what the docker command's current context says: endpoint and certificates. The default one says nothing.
func fromContext() ([]client.Opt, error) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, nil // no home, no configuration
		}
		dir = filepath.Join(home, ".docker")
	}
	name := os.Getenv("DOCKER_CONTEXT")
	if name == "" {
		var config struct{ CurrentContext string }
		if err := readJSON(filepath.Join(dir, "config.json"), &config); err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return nil, nil
	}
	id := sha256.Sum256([]byte(name))
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	err := readJSON(filepath.Join(dir, "contexts", "meta", hex.EncodeToString(id[:]), "meta.json"), &meta)
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: there is no docker context %s (docker context ls lists them, docker context use default leaves it)", ErrNoEngine, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: docker context %s: %w", ErrNoEngine, name, err)
	}
	if meta.Endpoints["docker"].Host == "" {
		return nil, nil // of another orchestrator alone
	}
	options := []client.Opt{client.WithHost(meta.Endpoints["docker"].Host)}
	certs := filepath.Join(dir, "contexts", "tls", hex.EncodeToString(id[:]), "docker")
	if ca := filepath.Join(certs, "ca.pem"); exists(ca) {
		options = append(options, client.WithTLSClientConfig(ca, filepath.Join(certs, "cert.pem"), filepath.Join(certs, "key.pem")))
	}
	return options, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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

// ownSocket is where this user's own engine listens; "" if there is none, or the machine has one that this user may use.
func ownSocket() string {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	own := filepath.Join(dir, "docker.sock")
	if dir == "" || !exists(own) {
		return ""
	}
	if conn, err := net.Dial("unix", strings.TrimPrefix(client.DefaultDockerHost, "unix://")); err == nil {
		conn.Close()
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
	t := r.traits
	return envd.Capabilities{
		Commands: true, Images: true, Replicas: true, Resources: t.bounds, Isolated: true, Hostnames: true, Holds: held, Egress: true,
		Links: true, Pause: t.groups, Limits: t.bounds, Disconnect: true, Terminals: true, Guarantee: t.guarantees(), Lacks: t.lacks(),
	}, nil
}

// elsewhere says that containers would be on another machine, where nothing of this one can reach them.
func elsewhere(cli *client.Client) error {
	return fmt.Errorf("%w: the engine at %s is not on this machine itself, so that containers' addresses cannot be reached: name one that is in DOCKER_HOST, as unix:///var/run/docker.sock",
		ErrNoEngine, cli.DaemonHost())
}

// local refuses engines of other machines, before anybody waits for them to answer.
func local(cli *client.Client) error {
	at, err := url.Parse(cli.DaemonHost())
	if err != nil {
		return err
	}
	address, _ := netip.ParseAddr(at.Hostname()) // a name other than localhost is no address
	if at.Scheme == "unix" || at.Scheme == "tcp" && (at.Hostname() == "localhost" || address.IsLoopback()) {
		return nil
	}
	return elsewhere(cli)
}

// forwarded tells whether the port of this machine at which an engine answers leads to another machine's.
func forwarded(cli *client.Client, engine system.Info) bool {
	name, err := os.Hostname()
	kernel, kernelErr := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.HasPrefix(cli.DaemonHost(), "tcp:") && (err != nil || kernelErr != nil ||
		name != engine.Name || strings.TrimSpace(string(kernel)) != engine.KernelVersion)
}

// answerTimeout is how long an engine may take to say what it is. A busy one takes seconds.
const answerTimeout = 20 * time.Second

// usable returns the client once it is known that the engine runs here, as environments need it; traits are known then too.
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
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("%w: the engine at %s has not answered within %s: restart it (sudo systemctl restart docker)",
		ErrNoEngine, cli.DaemonHost(), answerTimeout))
	defer cancel()
	var version client.ServerVersionResult
	var versionErr error
	var asked sync.WaitGroup
	asked.Go(func() { version, versionErr = cli.ServerVersion(ctx, client.ServerVersionOptions{}) })
	result, err := cli.Info(ctx, client.InfoOptions{})
	asked.Wait()
	if err := errors.Join(err, versionErr); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, context.Cause(ctx)
		}
		return nil, unreachable(cli.DaemonHost(), err)
	}
	info := result.Info
	switch {
	case slices.ContainsFunc(version.Components, func(c system.ComponentVersion) bool { return strings.HasPrefix(c.Name, "Podman") }):
		return nil, fmt.Errorf("%w: the engine at %s is Podman, which gives every network a way out and leaves no room for the router that refuses and records what nobody declared: use a Docker engine, or the process runtime",
			envd.ErrUnsupported, cli.DaemonHost())
	case forwarded(cli, info):
		return nil, elsewhere(cli)
	case runtime.GOOS != "linux", strings.Contains(info.OperatingSystem, "Docker Desktop"):
		return nil, fmt.Errorf("%w: the engine at %s is not on this Linux machine itself, so that containers' addresses cannot be reached", envd.ErrUnsupported, cli.DaemonHost())
	case info.OSType != "linux":
		return nil, fmt.Errorf("%w: the engine at %s runs %s containers", envd.ErrUnsupported, cli.DaemonHost(), info.OSType)
	}
	exe, err := r.exe()
	if err != nil {
		return nil, err
	}
	if r.traits, err = traitsOf(cli.DaemonHost(), exe, info); err != nil {
		return nil, err
	}
	r.probed = true
	return cli, nil
}
