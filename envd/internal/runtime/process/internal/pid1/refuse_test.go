//go:build linux

package pid1

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

var (
	from4, to4 = netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("203.0.113.7")
	from6, to6 = netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2606:4700::1111")
)

// frameOf builds what a socket inside would send.
func frameOf(from, to netip.Addr, protocol byte, payload []byte) []byte {
	frame := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00}
	if to.Is6() {
		binary.BigEndian.PutUint16(frame[12:], unix.ETH_P_IPV6)
	}
	// wrapReply writes from .to to .from, so the two are given the other way round.
	return ipHeader{from: to, to: from, protocol: protocol}.wrapReply(frame, payload)
}

func segment(flags byte) []byte {
	b := make([]byte, 24)
	copy(b, []byte{0xc0, 0x01, 0x01, 0xbb, 0x01, 0x02, 0x03, 0xff}) // 49153 → 443, sequence number 0x010203ff
	b[12], b[13] = 6<<4, flags
	return b
}

func datagram() []byte { return []byte{0xc0, 0x01, 0, 53, 0, 12, 0, 0, 'a', 'b', 'c', 'd'} }

// checkReply verifies addresses and checksums as the receiver would, and returns the reply's payload.
func checkReply(t *testing.T, frame, reply []byte, protocol byte) []byte {
	t.Helper()
	assert.Equal(t, frame[6:12], reply[0:6], "back to the sender")
	assert.Equal(t, frame[0:6], reply[6:12])
	assert.Equal(t, frame[12:14], reply[12:14])
	packet := reply[etherHeader:]
	var ip ipHeader
	var ok bool
	if packet[0]>>4 == 4 {
		assert.Zero(t, fold(sum(0, packet[:20])), "header checksum")
		assert.Equal(t, len(packet), int(binary.BigEndian.Uint16(packet[2:])), "total length")
		ip, ok = readIPv4(packet)
	} else {
		assert.Equal(t, len(packet)-40, int(binary.BigEndian.Uint16(packet[4:])), "payload length")
		ip, ok = readIPv6(packet)
	}
	require.True(t, ok)
	assert.Equal(t, protocol, ip.protocol)
	if protocol == unix.IPPROTO_ICMP {
		assert.Zero(t, fold(sum(0, ip.payload)), "ICMP checksum")
	} else {
		assert.Zero(t, ip.replyChecksum(protocol, ip.payload), "checksum with the pseudo header")
	}
	return ip.payload
}

func TestRefuseTCP(t *testing.T) {
	for _, c := range []struct{ from, to netip.Addr }{{from4, to4}, {from6, to6}} {
		frame := frameOf(c.from, c.to, unix.IPPROTO_TCP, segment(0x02))
		a, reply, ok := refuse(frame)
		require.True(t, ok)
		assert.Equal(t, attempt{netip.AddrPortFrom(c.to, 443), "tcp"}, a)
		b := checkReply(t, frame, reply, unix.IPPROTO_TCP)
		assert.Equal(t, "01bbc001"+"00000000"+"01020400", hex.EncodeToString(b[:12]), "ports swapped, the SYN acknowledged")
		assert.Equal(t, byte(0x14), b[13], "RST and ACK")
	}
	for _, flags := range []byte{0x10, 0x12, 0x04, 0x14, 0x01} {
		_, _, ok := refuse(frameOf(from4, to4, unix.IPPROTO_TCP, segment(flags)))
		assert.False(t, ok, "flags %#x open no connection", flags)
	}
}

func TestRefuseUDP(t *testing.T) {
	for _, c := range []struct {
		from, to   netip.Addr
		protocol   byte
		kind, code byte
		header     int
	}{{from4, to4, unix.IPPROTO_ICMP, 3, 3, 20}, {from6, to6, unix.IPPROTO_ICMPV6, 1, 4, 40}} {
		frame := frameOf(c.from, c.to, unix.IPPROTO_UDP, datagram())
		a, reply, ok := refuse(frame)
		require.True(t, ok)
		assert.Equal(t, attempt{netip.AddrPortFrom(c.to, 53), "udp"}, a)
		b := checkReply(t, frame, reply, c.protocol)
		assert.Equal(t, []byte{c.kind, c.code}, b[:2])
		assert.Equal(t, frame[etherHeader:etherHeader+c.header+8], b[8:], "the header and eight bytes are quoted")
	}
}

func TestRefuseLeavesTheRestAlone(t *testing.T) {
	fragment := frameOf(from4, to4, unix.IPPROTO_UDP, datagram())
	fragment[etherHeader+7] = 1
	for name, frame := range map[string][]byte{
		"nothing":        nil,
		"ARP":            append(make([]byte, 12), 0x08, 0x06, 0, 0, 0, 0),
		"ping":           frameOf(from4, to4, unix.IPPROTO_ICMP, make([]byte, 8)),
		"multicast":      frameOf(from4, netip.MustParseAddr("224.0.0.251"), unix.IPPROTO_UDP, datagram()),
		"multicast IPv6": frameOf(from6, netip.MustParseAddr("ff02::fb"), unix.IPPROTO_UDP, datagram()),
		"broadcast":      frameOf(from4, netip.MustParseAddr("255.255.255.255"), unix.IPPROTO_UDP, datagram()),
		"later fragment": fragment,
		"no ports":       frameOf(from4, to4, unix.IPPROTO_TCP, []byte{1, 2, 3}),
		"half a header":  frameOf(from4, to4, unix.IPPROTO_TCP, segment(2)[:12]),
	} {
		_, _, ok := refuse(frame)
		assert.False(t, ok, name)
	}
}

// No frame, however broken, may harm PID 1, and a refusal is always a well-formed packet.
func FuzzRefuse(f *testing.F) {
	f.Add(frameOf(from4, to4, unix.IPPROTO_TCP, segment(0x02)))
	f.Add(frameOf(from6, to6, unix.IPPROTO_TCP, segment(0x02)))
	f.Add(frameOf(from4, to4, unix.IPPROTO_UDP, datagram()))
	f.Add(frameOf(from6, to6, unix.IPPROTO_UDP, datagram()))
	f.Fuzz(func(t *testing.T, frame []byte) {
		a, reply, ok := refuse(frame)
		if !ok {
			return
		}
		require.True(t, a.destination.IsValid())
		packet := reply[etherHeader:]
		_, four := readIPv4(packet)
		_, six := readIPv6(packet)
		require.True(t, four || six)
	})
}
