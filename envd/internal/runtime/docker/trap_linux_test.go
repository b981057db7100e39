package docker

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

var testNetwork = netip.MustParsePrefix("10.200.1.0/24")

// packetTo is an IPv4 packet from the network, with options in its header where asked for.
func packetTo(to string, protocol byte, options int, payload ...byte) []byte {
	header := make([]byte, 20+options)
	header[0], header[8], header[9] = 4<<4|byte(len(header)/4), 64, protocol
	copy(header[12:], netip.MustParseAddr("10.200.1.130").AsSlice())
	copy(header[16:], netip.MustParseAddr(to).AsSlice())
	return append(header, payload...)
}

// segment is a TCP header to port 443.
func segment(flags byte) []byte {
	return append([]byte{0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 5 << 4, flags}, make([]byte, 6)...)
}

func TestOutward(t *testing.T) {
	vm, err := bpf.NewVM(outward(testNetwork))
	require.NoError(t, err)
	const syn, ack = 2, 16
	datagram := []byte{0x9c, 0x40, 0, 53, 0, 12, 0, 0, 'p', 'i', 'n', 'g'}
	later := packetTo("203.0.113.7", unix.IPPROTO_UDP, 0, datagram...)
	later[7] = 1
	for _, c := range []struct {
		name   string
		packet []byte
		want   string // "" is not let through
	}{
		{"a connection", packetTo("203.0.113.7", unix.IPPROTO_TCP, 0, segment(syn)...), "203.0.113.7:443"},
		{"a connection, with IP options", packetTo("203.0.113.7", unix.IPPROTO_TCP, 8, segment(syn)...), "203.0.113.7:443"},
		{"a datagram", packetTo("10.200.2.3", unix.IPPROTO_UDP, 0, datagram...), "10.200.2.3:53"},
		{"a datagram, with IP options", packetTo("203.0.113.7", unix.IPPROTO_UDP, 40, datagram...), "203.0.113.7:53"},
		{"to a neighbour", packetTo("10.200.1.131", unix.IPPROTO_TCP, 0, segment(syn)...), ""},
		{"to oneself", packetTo("127.0.0.11", unix.IPPROTO_UDP, 0, datagram...), ""},
		{"of a connection", packetTo("203.0.113.7", unix.IPPROTO_TCP, 0, segment(ack)...), ""},
		{"an answer", packetTo("203.0.113.7", unix.IPPROTO_TCP, 0, segment(syn|ack)...), ""},
		{"a later fragment", later, ""},
		{"to many", packetTo("224.0.0.251", unix.IPPROTO_UDP, 0, datagram...), ""},
		{"to all", packetTo("255.255.255.255", unix.IPPROTO_UDP, 0, datagram...), ""},
		{"an echo request", packetTo("203.0.113.7", unix.IPPROTO_ICMP, 0, make([]byte, 8)...), ""},
		{"cut off", packetTo("203.0.113.7", unix.IPPROTO_TCP, 0, segment(syn)[:8]...), ""},
		{"nothing", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := vm.Run(c.packet)
			require.NoError(t, err)
			if c.want == "" {
				assert.Zero(t, n)
				return
			}
			require.Positive(t, n)
			to, protocol, ok := destinationOf(c.packet[:min(n, len(c.packet))])
			require.True(t, ok)
			assert.Equal(t, c.want, to.String())
			assert.Equal(t, c.packet[9], protocol)
		})
	}
}

func FuzzOutward(f *testing.F) {
	f.Add(packetTo("203.0.113.7", unix.IPPROTO_TCP, 0, segment(2)...))
	f.Add(packetTo("203.0.113.7", unix.IPPROTO_UDP, 8, make([]byte, 8)...))
	vm, err := bpf.NewVM(outward(testNetwork))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, packet []byte) {
		n, err := vm.Run(packet)
		require.NoError(t, err)
		to, _, ok := destinationOf(packet[:min(n, len(packet))])
		if n > 0 && ok {
			assert.False(t, testNetwork.Contains(to.Addr()), to)
		}
	})
}

func TestDeclared(t *testing.T) {
	w := &ways{list: []way{
		{netip.MustParseAddrPort("198.18.0.1:443"), "api.example.org:443"},
		{netip.MustParseAddrPort("192.0.2.7:5432"), "192.0.2.7:5432"},
	}}
	for _, c := range []struct {
		to       string
		protocol byte
		name     string
		declared bool
	}{
		{"198.18.0.1:443", unix.IPPROTO_TCP, "api.example.org:443", true},
		{"198.18.0.1:443", unix.IPPROTO_UDP, "api.example.org:443", false},
		{"198.18.0.1:80", unix.IPPROTO_TCP, "api.example.org:80", false},
		{"192.0.2.7:5432", unix.IPPROTO_TCP, "192.0.2.7:5432", true},
		{"203.0.113.1:443", unix.IPPROTO_TCP, "203.0.113.1:443", false},
	} {
		name, declared := w.declared(netip.MustParseAddrPort(c.to), c.protocol)
		assert.Equal(t, c.name, name, c.to)
		assert.Equal(t, c.declared, declared, c.to)
	}
}
