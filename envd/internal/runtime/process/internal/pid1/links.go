//go:build linux

package pid1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/netlink"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// links are the addresses and names by which the gateway stands between consumers and dependencies.
type links struct {
	sockets []*os.File        // listening, in the order of the links and their ports
	views   map[string][]byte // /etc/hosts of the services that have links
}

// The pair of interfaces between the services and the links' addresses, which are in a network namespace of their own:
// there a port is free whatever services listen on.
const (
	nearLink = "envd2"
	farLink  = "envd3"
)

// linkMTU is veth's largest: data that never meets a wire need not be cut for one.
const linkMTU = 65535

// linkSide is the services' address on the way to links.
var linkSide = net.IPv4(198, 18, 0, 1)

// openLinks makes the links' addresses and sockets, and says which service finds which names there.
func (s *server) openLinks(ctx context.Context, hostname string, req *control.Furnish) error {
	if len(req.Links) == 0 {
		return nil
	}
	sockets, err := farSockets(ctx, req.Links)
	if err != nil {
		return err
	}
	network := &net.IPNet{IP: linkSide.Mask(net.CIDRMask(24, 32)), Mask: net.CIDRMask(24, 32)}
	err = errors.Join(netlink.Up(nearLink, false), netlink.AddAddress(nearLink, linkSide))
	if err = errors.Join(err, netlink.AddRoute(nearLink, network, linkSide)); err != nil {
		return errors.Join(err, control.CloseAll(sockets))
	}
	s.links = links{sockets: sockets, views: map[string][]byte{}}
	own := map[string][]control.HostAddress{} // by service
	for _, l := range req.Links {
		for _, name := range l.Services {
			own[name] = append(own[name], control.HostAddress{Address: l.Address, Names: l.Names})
		}
	}
	for name, hosts := range own {
		s.links.views[name] = hostsFile(hostname, append(hosts, without(req.Hosts, hosts)...))
	}
	return nil
}

// without leaves out the names that lead elsewhere: resolvers use every line that has a name.
func without(all, elsewhere []control.HostAddress) (left []control.HostAddress) {
	for _, h := range all {
		names := slices.DeleteFunc(slices.Clone(h.Names), func(name string) bool {
			return slices.ContainsFunc(elsewhere, func(e control.HostAddress) bool { return slices.Contains(e.Names, name) })
		})
		left = append(left, control.HostAddress{Address: h.Address, Names: names})
	}
	return left
}

// farSockets makes the far side: a network namespace with the links' addresses and no process in it. It exists as long as
// the sockets do.
func farSockets(ctx context.Context, links []control.Link) (sockets []*os.File, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // unlocked once the thread is back in its namespace; otherwise it ends with the goroutine
		here, openErr := os.Open("/proc/thread-self/ns/net")
		if openErr != nil {
			err = openErr
			return
		}
		defer func() { err = errors.Join(err, here.Close()) }()
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			err = fmt.Errorf("a network namespace: %w", err)
			return
		}
		sockets, err = listenFar(ctx, here, links)
		if back := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); back != nil {
			err = errors.Join(err, fmt.Errorf("return from the network namespace: %w", back))
			return // the thread ends with this goroutine
		}
		runtime.UnlockOSThread()
	}()
	<-done
	if err != nil {
		return nil, errors.Join(err, control.CloseAll(sockets))
	}
	return sockets, nil
}

// listenFar works on a thread in the far namespace: sockets belong to the namespace in which they are made.
func listenFar(ctx context.Context, near *os.File, links []control.Link) (sockets []*os.File, err error) {
	if err := netlink.AddPair(farLink, nearLink); err != nil {
		return nil, err
	}
	if err := errors.Join(netlink.SetMTU(farLink, linkMTU), netlink.SetMTU(nearLink, linkMTU)); err != nil {
		return nil, err
	}
	if err := errors.Join(netlink.Move(nearLink, near.Fd()), netlink.Up(farLink, false)); err != nil {
		return nil, err
	}
	for i, l := range links {
		ip := net.ParseIP(l.Address)
		if err := netlink.AddAddress(farLink, ip); err != nil {
			return sockets, err
		}
		if i == 0 {
			if err := netlink.AddDefaultRoute(farLink, ip); err != nil {
				return sockets, err
			}
		}
		for _, port := range l.Ports {
			f, err := listenOn(ctx, net.JoinHostPort(l.Address, strconv.Itoa(port)))
			if err != nil {
				return sockets, err
			}
			sockets = append(sockets, f)
		}
	}
	return sockets, nil
}

func listenOn(ctx context.Context, address string) (*os.File, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // the gateway takes the socket for plain TCP
	l, err := config.Listen(ctx, "tcp4", address)
	if err != nil {
		return nil, err
	}
	f, err := l.(*net.TCPListener).File()
	return f, errors.Join(err, l.Close())
}

// seeing calls do, which forks, on a thread whose /etc/hosts is hosts: in a mount namespace of its own, which the forked
// process keeps. Without hosts it just calls do.
func seeing(hosts []byte, do func() error) (err error) {
	if hosts == nil {
		return do()
	}
	usual, err := os.Open("/proc/thread-self/ns/mnt")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, usual.Close()) }()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a mount namespace: %w", err)
	}
	err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if err == nil {
		err = bindContent("/etc/hosts", 0o644, hosts)
	}
	if err == nil {
		err = do()
	}
	if back := unix.Setns(int(usual.Fd()), unix.CLONE_NEWNS); back != nil {
		err = errors.Join(err, fmt.Errorf("return from the mount namespace: %w", back))
	}
	return err
}
