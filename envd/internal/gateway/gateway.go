// Package gateway is the data plane of one environment: it serves the stubs under their production hostnames, answers
// DNS, carries the links between services, injects faults into both, and reports the requests to stubs. It is driven by the
// same HTTP control API on every runtime.
package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/footprint"
)

// Options say where a gateway listens.
type Options struct {
	Address string // IP address of the stubs' listeners; empty: every address
	DNS     string // host:port of the name server; empty: none
	// ListenAt maps ports that a service needs on Address to the ports on which to listen instead. The runtime redirects
	// connections from the one to the other.
	ListenAt map[string]int
	Control  string // unix:@name (abstract), unix:/path, or tcp:host:port

	Names    map[string]string // more IP addresses for the name server to answer, by hostname
	Services string            // IP address at which services are reached; empty: by their names
	Links    map[string]string // IP address of each link at the gateway, by CONSUMER:DEPENDENCY
	Sockets  []string          // ip:port of inherited listening sockets, from descriptor 3 on
}

// Gateway serves one environment. Its zero value is not usable; Run creates one.
type Gateway struct {
	options  Options
	stopping chan struct{}
	journal  journal
	links    *links

	mu         sync.Mutex
	config     EnvironmentConfig
	ca         *CA
	stubs      map[string]*stub
	aliases    map[string]string // hostname → that of its stub
	ports      map[int]*port
	undeclared map[envd.Connection]int64 // keyed with Count 0
	settling   *time.Timer
}

// maxUndeclared bounds how many different undeclared destinations are recorded.
const maxUndeclared = 1000

// Run serves until ctx ends. It owns the process: it turns on garbage collection, without which the process may have been
// started.
func Run(ctx context.Context, o Options) error {
	debug.SetGCPercent(100)
	g := &Gateway{
		options: o, stopping: make(chan struct{}), links: newLinks(o),
		stubs: map[string]*stub{}, aliases: map[string]string{}, ports: map[int]*port{}, undeclared: map[envd.Connection]int64{},
	}
	network, address, ok := strings.Cut(o.Control, ":")
	if !ok {
		return fmt.Errorf("control address %q: want unix:@name, unix:/path or tcp:host:port", o.Control)
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("control API: %w", err)
	}
	if o.DNS != "" {
		stop, err := serveDNS(o.DNS, &resolver{lookup: g.lookup, undeclared: func(host, protocol string) {
			if !g.links.lead(host) { // otherwise it is the gateway itself that asks for a dependency that is down
				g.recordUndeclared(host, protocol)
			}
		}})
		if err != nil {
			listener.Close()
			return fmt.Errorf("name server: %w", err)
		}
		defer stop()
	}
	server := &http.Server{Handler: g.control(), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err = <-done:
	case <-ctx.Done():
	}
	close(g.stopping)
	return errors.Join(err, server.Close(), g.close())
}

// claim makes the gateway serve one environment, once.
func (g *Gateway) claim(c EnvironmentConfig, ca *CA) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ca != nil {
		return false
	}
	g.config, g.ca = c, ca
	return true
}

func (g *Gateway) token() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.config.Token
}

// lookup answers the environment's own names: stubs here, services as the configuration says.
func (g *Gateway) lookup(host string) (net.IP, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.named(host) != nil {
		return net.ParseIP(g.options.Address), true
	}
	ip := net.ParseIP(cmp.Or(g.config.Names[host], g.options.Names[host]))
	return ip, ip != nil
}

// recordUndeclared counts a name lookup or request for something that the spec does not declare.
func (g *Gateway) recordUndeclared(destination, protocol string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := envd.Connection{Destination: destination, Protocol: protocol}
	if _, known := g.undeclared[key]; !known && len(g.undeclared) >= maxUndeclared {
		key.Destination = "(further destinations)"
	}
	g.undeclared[key]++
}

func (g *Gateway) stub(host string) (*stub, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.named(strings.ToLower(host)); s != nil {
		return s, nil
	}
	return nil, failure(http.StatusNotFound, "no stub %s in this environment", host)
}

// named returns the stub that answers under a hostname, or nil. g.mu is held.
func (g *Gateway) named(host string) *stub {
	if own := g.aliases[host]; own != "" {
		host = own
	}
	return g.stubs[host]
}

// addStub starts a stub, and opens those of its ports that are not open yet.
func (g *Gateway) addStub(ctx context.Context, host string, c StubConfig) error {
	s, err := newStub(ctx, strings.ToLower(host), c, &g.journal)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.stubs[s.host]; old != nil {
		if err := old.stop(); err != nil {
			return err
		}
	}
	g.stubs[s.host] = s
	for _, alias := range c.Aliases {
		g.aliases[strings.ToLower(alias)] = s.host
	}
	g.settle()
	for _, n := range c.Ports {
		if err := g.open(n, false); err != nil {
			return err
		}
	}
	for _, n := range c.TLSPorts {
		if err := g.open(n, true); err != nil {
			return err
		}
	}
	return nil
}

// quiet is how long after its last stub was added a gateway gives back memory that only the start needed.
const quiet = 300 * time.Millisecond

// settle shrinks the gateway once no further stub has come for a while.
func (g *Gateway) settle() {
	if g.settling == nil {
		// A courtesy to the machine; failing at it harms nobody.
		g.settling = time.AfterFunc(quiet, func() { _ = footprint.Shrink() })
	} else {
		g.settling.Reset(quiet)
	}
}

// report summarises what happened so far, in a fixed order.
func (g *Gateway) report() Report {
	g.mu.Lock()
	stubs := make([]*stub, 0, len(g.stubs))
	for _, s := range g.stubs {
		stubs = append(stubs, s)
	}
	r := Report{Stubs: []envd.StubSummary{}, Undeclared: []envd.Connection{}, Lost: g.journal.missed()}
	for c, n := range g.undeclared {
		c.Count = n
		r.Undeclared = append(r.Undeclared, c)
	}
	g.mu.Unlock()
	for _, s := range stubs {
		r.Stubs = append(r.Stubs, s.summary())
	}
	slices.SortFunc(r.Stubs, func(a, b envd.StubSummary) int { return strings.Compare(a.Host, b.Host) })
	slices.SortFunc(r.Undeclared, func(a, b envd.Connection) int {
		return strings.Compare(a.Destination+a.Protocol, b.Destination+b.Protocol)
	})
	return r
}

func (g *Gateway) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.settling != nil {
		g.settling.Stop()
	}
	errs := []error{g.links.close()}
	for _, p := range g.ports {
		errs = append(errs, p.server.Close())
	}
	for _, s := range g.stubs {
		errs = append(errs, s.stop())
	}
	return errors.Join(errs...)
}
