package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/splice"
)

// outlets are the ports of this host that lead into the environment.
type outlets struct {
	ctx    context.Context // until close
	cancel context.CancelFunc
	relays sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	addresses map[string]string // as evidence.Meta has them
	published []evidence.Outlet
}

func newOutlets() *outlets {
	o := &outlets{addresses: map[string]string{}}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	return o
}

// close frees the ports and cuts every connection.
func (o *outlets) close() {
	o.cancel()
	o.mu.Lock()
	for _, l := range o.listeners {
		l.Close()
	}
	o.listeners = nil
	o.mu.Unlock()
	o.relays.Wait()
}

// publish opens the ports of this host that the spec asks for. It comes before anything is started, so that a port that
// is taken fails the run at once.
func (s *session) publish() error {
	var errs []error
	for i := range s.Spec.Environment.Services {
		svc := &s.Spec.Environment.Services[i]
		for _, p := range svc.Publish {
			ip := p.HostIP
			if ip == "" {
				ip = "127.0.0.1"
			}
			errs = append(errs, s.open(svc.Name, p.Port, net.JoinHostPort(ip, strconv.Itoa(p.HostPort)), true))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(s.outlets.published) == 0 {
		return nil
	}
	return s.update(func(m *evidence.Meta) { m.Published = s.outlets.published })
}

// openAll opens a port on this host's loopback for every service port that the spec does not publish, and for the API
// that controls links.
func (s *session) openAll() (map[string]string, error) {
	for i := range s.Spec.Environment.Services {
		svc := &s.Spec.Environment.Services[i]
		for _, port := range svc.Ports {
			if s.outlets.addresses[svc.Name+":"+strconv.Itoa(port.Number)] != "" {
				continue
			}
			if err := s.open(svc.Name, port.Number, "127.0.0.1:0", false); err != nil {
				return nil, err
			}
		}
	}
	if len(s.Spec.Environment.Links) > 0 {
		if err := s.open(envd.GatewayName, envd.ToxiproxyPort, "127.0.0.1:0", false); err != nil {
			return nil, err
		}
	}
	return s.outlets.addresses, nil
}

// open listens at an address of this host and relays connections to a service's port.
func (s *session) open(service string, port int, address string, asked bool) error {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("service %s: publish %s: the port is taken%s: free it, or publish another one", service, address, ownerOf(address))
	}
	if err != nil {
		return fmt.Errorf("service %s: publish %s: %w", service, address, err)
	}
	o, inside := s.outlets, service+":"+strconv.Itoa(port)
	o.mu.Lock()
	o.listeners = append(o.listeners, l)
	o.mu.Unlock()
	if o.addresses[inside] == "" {
		o.addresses[inside] = l.Addr().String()
	}
	if asked {
		o.published = append(o.published, evidence.Outlet{Address: l.Addr().String(), Service: service, Port: port})
	}
	o.relays.Go(func() { s.relay(l, service, port) })
	return nil
}

// relay connects every caller of l to the service's port until l is closed. Replicas take turns; one that does not answer
// is skipped.
func (s *session) relay(l net.Listener, service string, port int) {
	var conns sync.WaitGroup
	defer conns.Wait()
	instances := s.Spec.Environment.Expand().Instances(service)
	if service == envd.GatewayName {
		instances = []string{service}
	}
	var turn atomic.Uint32
	for {
		outer, err := l.Accept()
		if err != nil {
			return
		}
		conns.Go(func() {
			first := int(turn.Add(1))
			for i := range instances {
				inner, err := s.Runtime.Dial(s.outlets.ctx, s.ID, instances[(first+i)%len(instances)], port)
				if err != nil {
					continue
				}
				stop := context.AfterFunc(s.outlets.ctx, func() { outer.Close(); inner.Close() })
				defer stop()
				splice.Join(outer, inner)
				return
			}
			outer.Close() // what a caller would see of the service itself
		})
	}
}

// instance returns the service of that name; replicas have names of their own.
func (s *session) instance(name string) (*envd.Service, error) {
	env := s.Spec.Environment.Expand()
	if svc := env.Service(name); svc != nil {
		return svc, nil
	}
	if replicas := env.Instances(name); len(replicas) > 0 {
		return nil, fmt.Errorf("%w: %s runs as %d replicas: name one of %s to %s", envd.ErrNoService, name, len(replicas), replicas[0], replicas[len(replicas)-1])
	}
	return nil, fmt.Errorf("%w: %s", envd.ErrNoService, name)
}
