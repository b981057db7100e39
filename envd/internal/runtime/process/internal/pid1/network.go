//go:build linux

package pid1

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/netlink"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// The environment's only addresses besides its loopback: the source of everything that tries to leave. They are reserved
// for documentation (RFC 5737, RFC 3849), so nothing real uses them.
var (
	outside4 = net.IPv4(192, 0, 2, 2)
	outside6 = net.ParseIP("2001:db8::2")
)

// The pair of interfaces towards nowhere: packets leave through exitLink and are answered on trapLink.
const (
	exitLink = "envd0"
	trapLink = "envd1"
)

// makeNetwork brings the loopback up, opens the low ports to every user, and sets the trap for what wants out. If this
// kernel cannot have the trap it is nil: then there is no route out, and attempts cannot be seen.
func makeNetwork() (*trap, error) {
	if err := netlink.Up("lo", false); err != nil {
		return nil, err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte("0"), 0); err != nil {
		return nil, fmt.Errorf("open the ports below 1024: %w", err)
	}
	t, err := setTrap()
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EAFNOSUPPORT) {
		return nil, nil // no veth or no packet sockets
	}
	return t, err
}

func setTrap() (*trap, error) {
	if err := netlink.AddPair(exitLink, trapLink); err != nil {
		return nil, err
	}
	t, err := setTrapOn(trapLink)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(netlink.Up(exitLink, true), netlink.Up(trapLink, true)); err != nil {
		return nil, err
	}
	if err := errors.Join(netlink.AddAddress(exitLink, outside4), netlink.AddDefaultRoute(exitLink, outside4)); err != nil {
		return nil, err
	}
	err = errors.Join(netlink.AddAddress(exitLink, outside6), netlink.AddDefaultRoute(exitLink, outside6))
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EACCES) {
		err = nil // a host without IPv6: nothing leaves by it
	}
	return t, err
}

// redirect redirects connections to stubs whose port a service needs to the port on which the gateway listens instead.
func redirect(redirects []control.Redirect) error {
	if len(redirects) == 0 {
		return nil
	}
	var all []netlink.Redirection
	for _, r := range redirects {
		from, err := netip.ParseAddrPort(r.From)
		if err != nil {
			return fmt.Errorf("redirect %s: %w", r.From, err)
		}
		all = append(all, netlink.Redirection{To: from, Port: r.To})
	}
	return netlink.Redirect(all)
}

// addLoopbackAddress has an address of the world outside answered inside.
func addLoopbackAddress(ip net.IP) error {
	err := netlink.AddAddress("lo", ip)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}
