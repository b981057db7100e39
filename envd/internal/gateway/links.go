package gateway

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/link"
)

// links are the network paths that lead through the gateway. A consumer reaches its dependency under the usual hostname and
// port, but for the consumer that hostname means an address of the gateway, which belongs to this link alone.
type links struct {
	options Options
	proxies *link.Server

	mu      sync.Mutex
	targets map[string][]string // proxies by "consumer -> dependency"
	api     *http.Server        // Toxiproxy's API for programs inside; nil without links
}

func newLinks(o Options) *links {
	l := &links{options: o, targets: map[string][]string{}}
	l.proxies = link.New(link.Options{Listen: func(address string) (net.Listener, error) {
		if i := slices.Index(o.Sockets, address); i >= 0 {
			return socket(firstSocket + i).listen()
		}
		return net.Listen("tcp", address)
	}})
	return l
}

// open creates a link's proxies, one for each port of the dependency. The first link starts the API.
func (l *links) open(target string, c LinkConfig) error {
	from, to, bothWays, ok := chaos.Ends(target)
	address := l.options.Links[from+":"+to]
	if !ok || bothWays || address == "" {
		return failure(http.StatusNotFound, "this gateway has no place for a link %q", target)
	}
	upstream := l.options.Services
	switch {
	case c.Stub:
		upstream = l.options.Address
	case upstream == "":
		upstream = to
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.serveAPI(); err != nil {
		return err
	}
	for _, port := range c.Ports {
		number := strconv.Itoa(port)
		name := from + ":" + to + ":" + number
		_, err := l.proxies.Add(link.Definition{
			Name: name, Listen: net.JoinHostPort(address, number), Upstream: net.JoinHostPort(upstream, number), Enabled: true,
		})
		if err != nil {
			return fmt.Errorf("link %s, port %d: %w", target, port, err)
		}
		l.targets[target] = append(l.targets[target], name)
	}
	return nil
}

// serveAPI serves Toxiproxy's API once; l.mu is held.
func (l *links) serveAPI() error {
	if l.api != nil {
		return nil
	}
	listener, err := net.Listen("tcp", l.options.place(envd.ToxiproxyPort))
	if err != nil {
		return fmt.Errorf("Toxiproxy API: %w", err) //nolint:staticcheck // a name
	}
	l.api = &http.Server{Handler: l.proxies.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func(api *http.Server) { _ = api.Serve(listener) }(l.api) // ends when it is closed
	return nil
}

// of returns the proxies of a fault's target: a link, or the links between two services.
func (l *links) of(target string) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.targets[target]
	if from, to, bothWays, ok := chaos.Ends(target); ok && bothWays {
		found = append(append(found, l.targets[from+" -> "+to]...), l.targets[to+" -> "+from]...)
	}
	if len(found) == 0 {
		return nil, failure(http.StatusNotFound, "no link %s in this environment", target)
	}
	return found, nil
}

// lead reports whether a link leads to a host.
func (l *links) lead(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for target := range l.targets {
		if _, to, _, _ := chaos.Ends(target); to == host {
			return true
		}
	}
	return false
}

func (l *links) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.proxies.Close()
	if l.api != nil {
		err = errors.Join(err, l.api.Close())
	}
	return err
}

func (g *Gateway) putLink(w http.ResponseWriter, r *http.Request) error {
	var c LinkConfig
	if err := readJSON(r, &c); err != nil {
		return err
	}
	if err := g.links.open(r.PathValue("target"), c); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (g *Gateway) putLinkFault(w http.ResponseWriter, r *http.Request) error {
	proxies, err := g.links.of(r.PathValue("target"))
	if err != nil {
		return err
	}
	var c FaultConfig[chaos.LinkFault]
	if err := readJSON(r, &c); err != nil {
		return err
	}
	if c.Lease <= 0 {
		return failure(http.StatusBadRequest, "a fault needs a lease")
	}
	toxics := make([]link.Toxic, len(c.Fault.Toxics))
	for i, t := range c.Fault.Toxics {
		toxics[i] = link.Toxic{Type: t.Type, Stream: t.Stream, Toxicity: t.Toxicity, Attributes: t.Attributes}
	}
	if err := g.links.proxies.SetFault(r.PathValue("id"), proxies, toxics, c.Lease); err != nil {
		return failure(http.StatusUnprocessableEntity, "%w", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (g *Gateway) renewLinkFault(w http.ResponseWriter, r *http.Request) error {
	var c FaultConfig[chaos.LinkFault]
	if err := readJSON(r, &c); err != nil {
		return err
	}
	if err := g.links.proxies.RenewFault(r.PathValue("id"), c.Lease); err != nil {
		return gone(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// awaitLinkFault answers once the fault has affected a connection.
func (g *Gateway) awaitLinkFault(w http.ResponseWriter, r *http.Request) error {
	e, err := g.links.proxies.AwaitFault(r.Context(), r.PathValue("id"))
	if err != nil {
		return gone(err)
	}
	return writeJSON(w, http.StatusOK, linkEffect(e))
}

// deleteLinkFault ends a fault and answers with what it did. It is no error if the fault has ended already.
func (g *Gateway) deleteLinkFault(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, linkEffect(g.links.proxies.ClearFault(r.PathValue("id"))))
}

// linkEffect is what a fault did, in the words of chaos.
func linkEffect(e link.Effect) chaos.Effect {
	return chaos.Effect{Affected: e.Affected, Total: e.Total, Delay: e.Held}
}

// firstSocket is the descriptor of the first inherited socket.
const firstSocket = 3
