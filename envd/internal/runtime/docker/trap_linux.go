package docker

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/footprint"
)

// maxUndeclared bounds how many different destinations are told apart.
const maxUndeclared = 1000

// trap is the router of a network without a way out: what is sent to it is recorded and refused.
type trap struct {
	ways *ways // what is not refused

	mu   sync.Mutex
	seen map[envd.Connection]int64 // keyed with Count 0
}

// runTrap takes the router's address and answers for it until it is killed. What goes a declared way is handed to the
// runner. Whoever connects to trapPort is told what was refused so far.
func runTrap(router string, declared []way) error {
	address, err := netip.ParseAddr(router)
	if err != nil {
		return err
	}
	packets, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(htons(unix.ETH_P_IP)))
	if err != nil {
		return fmt.Errorf("packet socket: %w", err)
	}
	answers, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return fmt.Errorf("raw socket: %w", err)
	}
	name, err := outerInterface()
	if err != nil {
		return err
	}
	if err := addAddress(name+":0", address); err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	out, err := serveWays(declared, address)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", fmt.Sprint(":", trapPort))
	if err != nil {
		return err
	}
	time.AfterFunc(settle, func() { _ = footprint.Shrink() }) // a router that stays large works all the same
	t := &trap{ways: out, seen: map[envd.Connection]int64{}}
	failed := make(chan error, 2)
	go func() { failed <- t.tell(l) }()
	go func() { failed <- t.refuse(packets, answers, address) }()
	return <-failed
}

func htons(n uint16) uint16 { return n<<8 | n>>8 }

// addAddress gives an interface of the container a further address, under a label such as eth0:0 (netdevice(7)).
func addAddress(label string, address netip.Addr) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, set := range []struct {
		request uint
		value   []byte
	}{{unix.SIOCSIFADDR, address.AsSlice()}, {unix.SIOCSIFNETMASK, []byte{255, 255, 255, 255}}} {
		request, err := unix.NewIfreq(label)
		if err != nil {
			return err
		}
		if err := request.SetInet4Addr(set.value); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, set.request, request); err != nil {
			return err
		}
	}
	return nil
}

func outerInterface() (string, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, i := range interfaces {
		if addresses, err := i.Addrs(); err == nil && len(addresses) > 0 && i.Flags&net.FlagLoopback == 0 && i.Flags&net.FlagUp != 0 {
			return i.Name, nil
		}
	}
	return "", errors.New("no network interface")
}

// tell answers every connection with what was refused so far.
func (t *trap) tell(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		_ = json.NewEncoder(conn).Encode(t.refused()) // who does not listen is not told
		_ = conn.Close()
	}
}

func (t *trap) refused() []envd.Connection {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]envd.Connection, 0, len(t.seen))
	for c, n := range t.seen {
		c.Count = n
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b envd.Connection) int {
		return cmp.Or(cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Protocol, b.Protocol))
	})
	return list
}

// refuse reads what containers send out of their network, and answers as a host would where nobody listens.
func (t *trap) refuse(packets, answers int, router netip.Addr) error {
	buffer := make([]byte, 2048) // headers are all that matters
	for {
		n, from, err := unix.Recvfrom(packets, buffer, 0)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) {
			continue
		}
		if err != nil {
			return err
		}
		if link, ok := from.(*unix.SockaddrLinklayer); !ok || link.Pkttype != unix.PACKET_HOST {
			continue
		}
		answer, c, ok := refusal(buffer[:n], router)
		if !ok {
			continue
		}
		destination, declared := t.ways.declared(destinationOf(buffer[:n]), buffer[9])
		if declared {
			continue
		}
		c.Destination = destination
		t.record(c)
		to := &unix.SockaddrInet4{Addr: [4]byte(answer[16:20])}
		_ = unix.Sendto(answers, answer, 0, to) // a lost answer is asked for again
	}
}

func (t *trap) record(c envd.Connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.seen[c]; !known && len(t.seen) >= maxUndeclared {
		c.Destination = "(further destinations)"
	}
	t.seen[c]++
}

// refusal is the answer to a packet that asks for a connection (TCP: reset, RFC 9293 3.10.7.1) or brings a datagram
// (port unreachable, RFC 1122 3.2.2.1). Of packets within the network, fragments and everything else there is none.
func refusal(packet []byte, router netip.Addr) ([]byte, envd.Connection, bool) {
	none := envd.Connection{}
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return nil, none, false
	}
	header := int(packet[0]&15) * 4
	if header < 20 || len(packet) < header+8 || binary.BigEndian.Uint16(packet[6:])&0x1fff != 0 {
		return nil, none, false
	}
	source, destination := netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))
	if !destination.IsGlobalUnicast() || netip.PrefixFrom(router, 24).Contains(destination) {
		return nil, none, false
	}
	payload := packet[header:]
	c := envd.Connection{Destination: destinationOf(packet).String()}
	switch packet[9] {
	case unix.IPPROTO_TCP:
		const syn, ack = 2, 16
		if len(payload) < 20 || payload[13]&(syn|ack) != syn {
			return nil, none, false
		}
		c.Protocol = "tcp"
		return ipv4(destination, source, unix.IPPROTO_TCP, reset(destination, source, payload)), c, true
	case unix.IPPROTO_UDP:
		c.Protocol = "udp"
		return ipv4(router, source, unix.IPPROTO_ICMP, unreachablePort(packet[:header+8])), c, true
	}
	return nil, none, false
}

// destinationOf is where a TCP or UDP packet goes to.
func destinationOf(packet []byte) netip.AddrPort {
	payload := packet[int(packet[0]&15)*4:]
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(packet[16:20])), binary.BigEndian.Uint16(payload[2:]))
}

// reset answers a SYN.
func reset(from, to netip.Addr, syn []byte) []byte {
	segment := make([]byte, 20)
	copy(segment[0:2], syn[2:4])
	copy(segment[2:4], syn[0:2])
	binary.BigEndian.PutUint32(segment[8:], binary.BigEndian.Uint32(syn[4:])+1)
	segment[12], segment[13] = 5<<4, 4|16 // header length; RST, ACK
	pseudo := slices.Concat(from.AsSlice(), to.AsSlice(), []byte{0, unix.IPPROTO_TCP, 0, 20})
	binary.BigEndian.PutUint16(segment[16:], checksum(append(pseudo, segment...)))
	return segment
}

// unreachablePort quotes the datagram that it refuses (RFC 792).
func unreachablePort(quoted []byte) []byte {
	message := append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, quoted...)
	binary.BigEndian.PutUint16(message[2:], checksum(message))
	return message
}

func ipv4(from, to netip.Addr, protocol byte, payload []byte) []byte {
	header := make([]byte, 20, 20+len(payload))
	header[0], header[8], header[9] = 4<<4|5, 64, protocol
	binary.BigEndian.PutUint16(header[2:], uint16(20+len(payload)))
	copy(header[12:16], from.AsSlice())
	copy(header[16:20], to.AsSlice())
	binary.BigEndian.PutUint16(header[10:], checksum(header))
	return append(header, payload...)
}

// checksum is the Internet's (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
