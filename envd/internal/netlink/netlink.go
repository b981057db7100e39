//go:build linux

// Package netlink sets up the network of a fresh namespace: the few rtnetlink(7) requests that it takes, no more.
package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Attributes that x/sys does not name (linux/veth.h).
const vethInfoPeer = 1

// Up brings an interface up. With noARP, neighbours are not asked for: every packet simply leaves through it.
func Up(name string, noARP bool) error {
	index, err := interfaceIndex(name)
	if err != nil {
		return err
	}
	flags := uint32(unix.IFF_UP)
	if noARP {
		flags |= unix.IFF_NOARP
	}
	var m message
	m.link(index, flags, flags)
	return m.do(unix.RTM_NEWLINK, 0, "bring up "+name)
}

// AddPair creates a pair of virtual Ethernet interfaces: what goes into one comes out of the other.
func AddPair(name, peer string) error {
	var m message
	m.link(0, 0, 0)
	m.attribute(unix.IFLA_IFNAME, append([]byte(name), 0))
	m.nested(unix.IFLA_LINKINFO, func() {
		m.attribute(unix.IFLA_INFO_KIND, []byte("veth"))
		m.nested(unix.IFLA_INFO_DATA, func() {
			m.nested(vethInfoPeer, func() {
				m.link(0, 0, 0)
				m.attribute(unix.IFLA_IFNAME, append([]byte(peer), 0))
			})
		})
	})
	return m.do(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, "create "+name)
}

// AddAddress gives an interface an address of its own, without a network around it.
func AddAddress(name string, ip net.IP) error {
	index, err := interfaceIndex(name)
	if err != nil {
		return err
	}
	family, raw := familyOf(ip)
	var m message
	m.bytes = append(m.bytes, family, byte(len(raw)*8), unix.IFA_F_NODAD, unix.RT_SCOPE_UNIVERSE)
	m.bytes = binary.NativeEndian.AppendUint32(m.bytes, uint32(index))
	m.attribute(unix.IFA_LOCAL, raw)
	m.attribute(unix.IFA_ADDRESS, raw)
	return m.do(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, "add address "+ip.String())
}

// AddDefaultRoute sends everything without a better route of source's address family through the interface.
func AddDefaultRoute(name string, source net.IP) error { return AddRoute(name, nil, source) }

// AddRoute sends what goes to a network through the interface, with a source address; no network is everything without a
// better route.
func AddRoute(name string, to *net.IPNet, source net.IP) error {
	index, err := interfaceIndex(name)
	if err != nil {
		return err
	}
	family, raw := familyOf(source)
	scope, length := byte(unix.RT_SCOPE_LINK), 0
	if family == unix.AF_INET6 {
		scope = unix.RT_SCOPE_UNIVERSE
	}
	if to != nil {
		length, _ = to.Mask.Size()
	}
	var m message
	m.bytes = append(m.bytes, family, byte(length), 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, scope, unix.RTN_UNICAST, 0, 0, 0, 0)
	m.attribute(unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	m.attribute(unix.RTA_PREFSRC, raw)
	if to != nil {
		_, prefix := familyOf(to.IP)
		m.attribute(unix.RTA_DST, prefix)
	}
	return m.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, "add route")
}

// Absorb makes this namespace, for one address family (unix.AF_INET or AF_INET6), the destination of all packets that have
// no better route, its own and what neighbours send it to forward: the kernel answers them as a host does where nobody
// listens. It takes the place of the default route.
func Absorb(family byte) error {
	index, err := interfaceIndex("lo")
	if err != nil {
		return err
	}
	var m message
	m.bytes = append(m.bytes, family, 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_HOST, unix.RTN_LOCAL, 0, 0, 0, 0)
	m.attribute(unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	return m.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, "absorb what has no route")
}

// SetMTU sets the size of an interface's largest packet, in bytes.
func SetMTU(name string, size uint32) error {
	index, err := interfaceIndex(name)
	if err != nil {
		return err
	}
	var m message
	m.link(index, 0, 0)
	m.attribute(unix.IFLA_MTU, binary.NativeEndian.AppendUint32(nil, size))
	return m.do(unix.RTM_NEWLINK, 0, "set the MTU of "+name)
}

// Move gives an interface to the network namespace that an open file stands for.
func Move(name string, namespace uintptr) error {
	index, err := interfaceIndex(name)
	if err != nil {
		return err
	}
	var m message
	m.link(index, 0, 0)
	m.attribute(unix.IFLA_NET_NS_FD, binary.NativeEndian.AppendUint32(nil, uint32(namespace)))
	return m.do(unix.RTM_NEWLINK, 0, "move "+name)
}

func interfaceIndex(name string) (int, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", name, err)
	}
	return i.Index, nil
}

func familyOf(ip net.IP) (byte, []byte) {
	if v4 := ip.To4(); v4 != nil {
		return unix.AF_INET, v4
	}
	return unix.AF_INET6, ip.To16()
}

// message is the body of a request.
type message struct{ bytes []byte }

// link appends a struct ifinfomsg.
func (m *message) link(index int, flags, change uint32) {
	m.bytes = append(m.bytes, unix.AF_UNSPEC, 0, 0, 0)
	m.bytes = binary.NativeEndian.AppendUint32(m.bytes, uint32(index))
	m.bytes = binary.NativeEndian.AppendUint32(m.bytes, flags)
	m.bytes = binary.NativeEndian.AppendUint32(m.bytes, change)
}

func (m *message) attribute(kind uint16, value []byte) {
	m.nested(kind, func() { m.bytes = append(m.bytes, value...) })
}

// nested appends an attribute whose value fill appends, and pads it.
func (m *message) nested(kind uint16, fill func()) {
	start := len(m.bytes)
	m.bytes = append(m.bytes, 0, 0, 0, 0)
	fill()
	binary.NativeEndian.PutUint16(m.bytes[start:], uint16(len(m.bytes)-start))
	binary.NativeEndian.PutUint16(m.bytes[start+2:], kind)
	for len(m.bytes)%unix.NLA_ALIGNTO != 0 {
		m.bytes = append(m.bytes, 0)
	}
}

// do sends the request and waits for its acknowledgement.
func (m *message) do(kind, flags uint16, what string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", what, err)
		}
	}()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	var b []byte
	b = binary.NativeEndian.AppendUint32(b, uint32(unix.NLMSG_HDRLEN+len(m.bytes)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK|flags)
	b = append(b, make([]byte, 8)...) // sequence number and port: one request a socket needs neither
	if err := unix.Sendto(fd, append(b, m.bytes...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	reply := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, reply, 0)
	if err != nil {
		return err
	}
	if n < unix.NLMSG_HDRLEN+4 || binary.NativeEndian.Uint16(reply[4:]) != unix.NLMSG_ERROR {
		return errors.New("the kernel's answer is no acknowledgement")
	}
	if code := int32(binary.NativeEndian.Uint32(reply[unix.NLMSG_HDRLEN:])); code != 0 {
		return syscall.Errno(-code)
	}
	return nil
}
