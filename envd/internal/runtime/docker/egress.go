package docker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/splice"
)

// Declared destinations outside are reached through the router, which has an address in their place for each of them:
//
//	service ──▶ router: one address for each host, a listener on each port
//	              │ a connection that the runner opened beforehand
//	runner ◀──────┘ resolves the name, connects, relays
//
// It is always the runner that connects to the router, because firewalls guard what comes in from containers. What goes out
// is then a connection of the runner itself, with this machine's resolver and routes.

// wayNetwork provides the addresses of declared hosts. RFC 2544 reserves it for benchmarks, so no network routes it, and
// containers send what goes there to their router.
var wayNetwork = netip.MustParsePrefix("198.18.0.0/24")

// wayPort is the port at which the router accepts the runner's connections.
const wayPort = 20598

// way is one declared destination.
type way struct {
	inside      netip.AddrPort // where containers find it
	destination string         // host:port
}

// host returns the destination without its port.
func (w way) host() string {
	host, _, _ := net.SplitHostPort(w.destination) // it was parsed when the way was made
	return host
}

// String returns the way as the router's command line has it.
func (w way) String() string { return w.inside.String() + "=" + w.destination }

func parseWay(text string) (way, error) {
	inside, destination, _ := strings.Cut(text, "=")
	address, err := netip.ParseAddrPort(inside)
	return way{address, destination}, err
}

// waysOf assigns every declared destination an address inside.
func waysOf(env *envd.Environment) ([]way, error) {
	if env == nil {
		return nil, nil
	}
	var ways []way
	next := wayNetwork.Addr()
	addresses := map[string]netip.Addr{}
	for _, destination := range env.Egress {
		host, port, err := net.SplitHostPort(destination)
		number, portErr := strconv.ParseUint(port, 10, 16)
		if err := errors.Join(err, portErr); err != nil {
			return nil, fmt.Errorf("egress %s: %w", destination, err)
		}
		address, known := addresses[host]
		if literal, err := netip.ParseAddr(host); err == nil {
			if !literal.Is4() || literal.IsLoopback() {
				return nil, fmt.Errorf("%w: egress to %s: a container's loopback is its own, and its network speaks IPv4: declare a name or another address", envd.ErrUnsupported, destination)
			}
			address, known = literal, true
		}
		if host == "localhost" {
			return nil, fmt.Errorf("%w: egress to %s: in a container that is the container itself: declare this machine's name or address", envd.ErrUnsupported, destination)
		}
		if !known {
			if address = next.Next(); !wayNetwork.Contains(address) {
				return nil, fmt.Errorf("%w: egress to more than 255 hosts", envd.ErrUnsupported)
			}
			next = address
		}
		addresses[host] = address
		ways = append(ways, way{netip.AddrPortFrom(address, uint16(number)), destination})
	}
	return ways, nil
}

// wayHosts returns the declared names as lines of /etc/hosts.
func (e *environment) wayHosts() (hosts []string) {
	for _, w := range e.ways {
		if _, err := netip.ParseAddr(w.host()); err != nil {
			hosts = append(hosts, w.host()+":"+w.inside.Addr().String())
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// nameArguments returns the gateway's arguments that tell its name server the declared names, for programs that do not read
// /etc/hosts.
func (e *environment) nameArguments() (arguments []string) {
	for _, host := range e.wayHosts() {
		name, address, _ := strings.Cut(host, ":")
		arguments = append(arguments, "--name", strings.ToLower(name)+"="+address)
	}
	return arguments
}

// wayArguments tell the router the ways.
func (e *environment) wayArguments() (arguments []string) {
	for _, w := range e.ways {
		arguments = append(arguments, "--way", w.String())
	}
	return arguments
}

// carrier is the runner's side of the ways out.
type carrier struct {
	engine traits
	router netip.AddrPort
	ways   []way
	ctx    context.Context // until close
	cancel context.CancelFunc
	all    sync.WaitGroup
}

const (
	carriersIdle   = 4 // connections that wait at the router, so that several callers at once are served without delay
	wayDialTimeout = 10 * time.Second
	redialPause    = 50 * time.Millisecond
)

// openWays starts the runner's side of the ways, which stay open until close.
func openWays(engine traits, router netip.Addr, ways []way) *carrier {
	c := &carrier{engine: engine, router: netip.AddrPortFrom(router, wayPort), ways: ways}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for range carriersIdle {
		c.all.Go(c.wait)
	}
	return c
}

// close cuts every connection and waits for the goroutines behind them. It may be called on nil.
func (c *carrier) close() {
	if c == nil {
		return
	}
	c.cancel()
	c.all.Wait()
}

// wait keeps one idle connection to the router, and replaces it when a caller has taken it.
func (c *carrier) wait() {
	for c.ctx.Err() == nil {
		if err := c.one(); err != nil {
			select { // the router is ending; close comes soon
			case <-c.ctx.Done():
			case <-time.After(redialPause):
			}
		}
	}
}

// one waits for one caller, and serves it in a goroutine of its own.
func (c *carrier) one() error {
	inside, err := c.engine.reach(c.ctx, wayDialTimeout, c.router)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(c.ctx, func() { inside.Close() })
	line, err := bufio.NewReaderSize(inside, 16).ReadString('\n') // nothing is lost in the buffer: the router waits for an answer
	n, numberErr := strconv.Atoi(strings.TrimSpace(line))
	if err := errors.Join(err, numberErr); err != nil || n < 0 || n >= len(c.ways) {
		stop()
		inside.Close()
		return errors.Join(err, errors.New("the router asks for no declared destination"))
	}
	c.all.Go(func() {
		defer stop()
		c.through(inside, c.ways[n].destination)
	})
	return nil
}

// carried is what the runner sends once it is connected to the destination.
const carried = 'c'

// through connects a caller with its destination. If that cannot be reached, the caller's connection breaks.
func (c *carrier) through(inside net.Conn, destination string) {
	dialer := net.Dialer{Timeout: wayDialTimeout}
	outside, err := dialer.DialContext(c.ctx, "tcp", destination)
	if err != nil {
		inside.Close()
		return
	}
	stop := context.AfterFunc(c.ctx, func() { outside.Close() })
	defer stop()
	if _, err := inside.Write([]byte{carried}); err != nil {
		inside.Close()
		outside.Close()
		return
	}
	splice.Join(inside, outside)
}
