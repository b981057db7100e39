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
	"strconv"
	"sync"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/netlink"
)

// maxUndeclared bounds how many different destinations are told apart.
const maxUndeclared = 1000

// trap makes the gateway's container the router of a network without a way out. Its kernel takes whatever is sent out for
// its own and refuses it, because nobody listens there; the trap sees the attempts pass and records them.
type trap struct {
	ways *ways // what is not refused

	mu   sync.Mutex
	seen map[envd.Connection]int64 // keyed with Count 0
}

// setTrap takes the router's address, and answers for it until the process ends or failed receives why not. What goes a
// declared way is handed to the runner. Whoever connects to trapPort is told what was refused so far.
func setTrap(router netip.Addr, declared []way) (failed <-chan error, err error) {
	name, err := outerInterface()
	if err != nil {
		return nil, err
	}
	if err := addAddress(name+":0", router); err != nil {
		return nil, fmt.Errorf("address %s: %w", router, err)
	}
	packets, err := attempts(netip.PrefixFrom(router, 24).Masked())
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	if err := netlink.Absorb(unix.AF_INET); err != nil {
		return nil, err
	}
	t := &trap{seen: map[envd.Connection]int64{}}
	if t.ways, err = serveWays(declared, router); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(router.String(), strconv.Itoa(trapPort)))
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 2)
	go func() { ended <- t.tell(l) }()
	go func() { ended <- t.watch(packets) }()
	return ended, nil
}

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

// watch records the packets that attempts lets through.
func (t *trap) watch(packets int) error {
	buffer := make([]byte, headers)
	for {
		n, _, err := unix.Recvfrom(packets, buffer, 0)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) {
			continue
		}
		if err != nil {
			return err
		}
		to, protocol, ok := destinationOf(buffer[:n])
		if !ok {
			continue
		}
		if destination, declared := t.ways.declared(to, protocol); !declared {
			t.record(envd.Connection{Destination: destination, Protocol: protocols[protocol]})
		}
	}
}

var protocols = map[byte]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp"}

func (t *trap) record(c envd.Connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.seen[c]; !known && len(t.seen) >= maxUndeclared {
		c.Destination = "(further destinations)"
	}
	t.seen[c]++
}

// headers is as much of a packet as matters: the longest IP header, and the ports.
const headers = 64

// attempts is a packet socket (packet(7)) that receives what is sent to this container and goes somewhere outside of the
// network. The kernel sorts the rest out before it costs anything, because the traffic of stubs and links comes through
// the same interface.
func attempts(network netip.Prefix) (int, error) {
	filter, err := bpf.Assemble(forThisHost(outward(network)))
	if err != nil {
		return -1, err
	}
	program := make([]unix.SockFilter, len(filter))
	for i, f := range filter {
		program[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) // hears nothing before it is bound
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_IP)})
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func htons(n uint16) uint16 { return n<<8 | n>>8 }

// forThisHost applies a filter to packets that are addressed to this host at the link layer.
func forThisHost(filter []bpf.Instruction) []bpf.Instruction {
	return append([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_HOST, SkipFalse: uint8(len(filter) - 1)},
	}, filter...)
}

// outward lets pass the IPv4 packets that ask for a TCP connection outside of a network, and UDP datagrams to there.
// Offsets are those of RFC 791 and RFC 9293.
func outward(network netip.Prefix) []bpf.Instruction {
	const (
		loopback, multicast = 127, 224 // first bytes; from the latter on there are no hosts
		fragmentOffset      = 0x1fff
		syn, ack            = 2, 16
		pass, drop          = 15, 16
	)
	to := func(target, from int) uint8 { return uint8(target - from - 1) }
	return []bpf.Instruction{
		0:    bpf.LoadAbsolute{Off: 6, Size: 2},
		1:    bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: fragmentOffset, SkipTrue: to(drop, 1)}, // only the first has ports
		2:    bpf.LoadAbsolute{Off: 16, Size: 1},
		3:    bpf.JumpIf{Cond: bpf.JumpEqual, Val: loopback, SkipTrue: to(drop, 3)},
		4:    bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: multicast, SkipTrue: to(drop, 4)},
		5:    bpf.LoadAbsolute{Off: 16, Size: 4},
		6:    bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: ^uint32(0) << (32 - network.Bits())},
		7:    bpf.JumpIf{Cond: bpf.JumpEqual, Val: binary.BigEndian.Uint32(network.Addr().AsSlice()), SkipTrue: to(drop, 7)},
		8:    bpf.LoadAbsolute{Off: 9, Size: 1},
		9:    bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_UDP, SkipTrue: to(pass, 9)},
		10:   bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipFalse: to(drop, 10)},
		11:   bpf.LoadMemShift{Off: 0}, // the length of the IP header
		12:   bpf.LoadIndirect{Off: 13, Size: 1},
		13:   bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: syn | ack},
		14:   bpf.JumpIf{Cond: bpf.JumpEqual, Val: syn, SkipFalse: to(drop, 14)},
		pass: bpf.RetConstant{Val: headers},
		drop: bpf.RetConstant{Val: 0},
	}
}

// destinationOf is where an IPv4 packet with ports goes to.
func destinationOf(packet []byte) (to netip.AddrPort, protocol byte, ok bool) {
	if len(packet) < 20 {
		return to, 0, false
	}
	header := int(packet[0]&15) * 4
	if len(packet) < header+4 {
		return to, 0, false
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(packet[16:20])), binary.BigEndian.Uint16(packet[header+2:])), packet[9], true
}
