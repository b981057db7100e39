package docker

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
)

var (
	inside  = netip.MustParseAddr("10.200.1.130")
	outside = netip.MustParseAddr("203.0.113.7")
	router2 = netip.MustParseAddr("10.200.1.2")
)

func synTo(to netip.Addr, flags byte) []byte {
	segment := make([]byte, 20)
	binary.BigEndian.PutUint16(segment, 40000)
	binary.BigEndian.PutUint16(segment[2:], 443)
	binary.BigEndian.PutUint32(segment[4:], 0xffffffff)
	segment[12], segment[13] = 5<<4, flags
	return ipv4(inside, to, unix.IPPROTO_TCP, segment)
}

func TestRefusalOfConnection(t *testing.T) {
	answer, c, ok := refusal(synTo(outside, 2), router2)
	require.True(t, ok)
	assert.Equal(t, envd.Connection{Destination: "203.0.113.7:443", Protocol: "tcp"}, c)
	assert.Equal(t, outside.AsSlice(), answer[12:16], "it comes from where the connection was to go")
	assert.Equal(t, inside.AsSlice(), answer[16:20])
	assert.Zero(t, checksum(answer[:20]))
	segment := answer[20:]
	assert.EqualValues(t, 443, binary.BigEndian.Uint16(segment))
	assert.EqualValues(t, 40000, binary.BigEndian.Uint16(segment[2:]))
	assert.Zero(t, binary.BigEndian.Uint32(segment[8:]), "the sequence number wraps")
	assert.EqualValues(t, 4|16, segment[13])
	pseudo := slices.Concat(outside.AsSlice(), inside.AsSlice(), []byte{0, unix.IPPROTO_TCP, 0, 20}, segment)
	assert.Zero(t, checksum(pseudo))
}

func TestRefusalOfDatagram(t *testing.T) {
	datagram := ipv4(inside, outside, unix.IPPROTO_UDP, []byte{0x9c, 0x40, 0, 53, 0, 12, 0, 0, 'p', 'i', 'n', 'g'})
	answer, c, ok := refusal(datagram, router2)
	require.True(t, ok)
	assert.Equal(t, envd.Connection{Destination: "203.0.113.7:53", Protocol: "udp"}, c)
	assert.Equal(t, []byte{3, 3}, answer[20:22])
	assert.Zero(t, checksum(answer[20:]))
	assert.Equal(t, datagram[:28], answer[28:], "the header and eight bytes are quoted")
}

func TestNoRefusal(t *testing.T) {
	fragment := synTo(outside, 2)
	fragment[7] = 1
	for name, packet := range map[string][]byte{
		"to a neighbour":        synTo(inside, 2),
		"of a connection":       synTo(outside, 16),
		"a later fragment":      fragment,
		"to many":               synTo(netip.MustParseAddr("224.0.0.251"), 2),
		"an echo request":       ipv4(inside, outside, unix.IPPROTO_ICMP, make([]byte, 8)),
		"cut off":               synTo(outside, 2)[:30],
		"of another IP version": append([]byte{0x65}, synTo(outside, 2)[1:]...),
		"nothing":               nil,
	} {
		_, _, ok := refusal(packet, router2)
		assert.False(t, ok, name)
	}
}

func FuzzRefusal(f *testing.F) {
	f.Add(synTo(outside, 2))
	f.Add(ipv4(inside, outside, unix.IPPROTO_UDP, make([]byte, 8)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if answer, c, ok := refusal(packet, router2); ok {
			assert.GreaterOrEqual(t, len(answer), 40)
			assert.NotEmpty(t, c.Destination)
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
