//go:build linux

package pid1

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// attempt is one attempted connection.
type attempt struct {
	destination netip.AddrPort
	protocol    string // tcp or udp
}

const etherHeader = 14

// refuse reads an Ethernet frame and returns who it wanted to reach, with the frame that says no: a TCP reset
// (RFC 9293, 3.10.7.1) or an ICMP port unreachable (RFC 792, RFC 4443). Anything else, multicast above all, is not ok.
func refuse(frame []byte) (a attempt, reply []byte, ok bool) {
	if len(frame) < etherHeader {
		return a, nil, false
	}
	packet := frame[etherHeader:]
	var ip ipHeader
	switch binary.BigEndian.Uint16(frame[12:]) {
	case unix.ETH_P_IP:
		ip, ok = readIPv4(packet)
	case unix.ETH_P_IPV6:
		ip, ok = readIPv6(packet)
	}
	if !ok || ip.to.IsMulticast() || ip.to == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || len(ip.payload) < 8 {
		return a, nil, false
	}
	a.destination = netip.AddrPortFrom(ip.to, binary.BigEndian.Uint16(ip.payload[2:]))
	var body []byte
	switch ip.protocol {
	case unix.IPPROTO_TCP:
		a.protocol = "tcp"
		body, ok = resetFor(ip)
	case unix.IPPROTO_UDP:
		a.protocol = "udp"
		body = unreachableFor(ip, packet)
		ip.protocol = unix.IPPROTO_ICMP
		if ip.to.Is6() {
			ip.protocol = unix.IPPROTO_ICMPV6
		}
	default:
		ok = false
	}
	if !ok {
		return a, nil, false
	}
	reply = make([]byte, 0, etherHeader+40+len(body))
	reply = append(reply, frame[6:12]...) // back to where it came from
	reply = append(reply, frame[0:6]...)
	reply = append(reply, frame[12:14]...)
	return a, ip.wrapReply(reply, body), true
}

// ipHeader is what matters of an IP packet.
type ipHeader struct {
	from, to netip.Addr
	protocol byte
	payload  []byte
}

func readIPv4(p []byte) (ipHeader, bool) {
	if len(p) < 20 || p[0]>>4 != 4 {
		return ipHeader{}, false
	}
	size := int(p[0]&15) * 4
	fragment := binary.BigEndian.Uint16(p[6:]) & 0x1fff
	if size < 20 || len(p) < size || fragment != 0 { // only a first fragment has ports
		return ipHeader{}, false
	}
	return ipHeader{netip.AddrFrom4([4]byte(p[12:16])), netip.AddrFrom4([4]byte(p[16:20])), p[9], p[size:]}, true
}

func readIPv6(p []byte) (ipHeader, bool) {
	if len(p) < 40 || p[0]>>4 != 6 {
		return ipHeader{}, false
	}
	return ipHeader{netip.AddrFrom16([16]byte(p[8:24])), netip.AddrFrom16([16]byte(p[24:40])), p[6], p[40:]}, true
}

// resetFor answers a SYN as a closed port does. Only the first segment of a connection is an attempt.
func resetFor(ip ipHeader) ([]byte, bool) {
	const syn, rst, ack = 0x02, 0x04, 0x10
	segment := ip.payload
	if len(segment) < 20 || segment[13]&(syn|ack|rst) != syn {
		return nil, false
	}
	b := make([]byte, 20)
	copy(b[0:2], segment[2:4])
	copy(b[2:4], segment[0:2])
	binary.BigEndian.PutUint32(b[8:], binary.BigEndian.Uint32(segment[4:])+1)
	b[12] = 5 << 4 // header length in words
	b[13] = rst | ack
	binary.BigEndian.PutUint16(b[16:], ip.replyChecksum(unix.IPPROTO_TCP, b))
	return b, true
}

// unreachableFor quotes the packet: its header and the first eight bytes behind it.
func unreachableFor(ip ipHeader, packet []byte) []byte {
	quoted := packet[:len(packet)-len(ip.payload)+8]
	b := make([]byte, 8, 8+len(quoted))
	b[0], b[1] = 3, 3 // destination unreachable: port
	if ip.to.Is6() {
		b[0], b[1] = 1, 4
	}
	b = append(b, quoted...)
	if ip.to.Is6() {
		binary.BigEndian.PutUint16(b[2:], ip.replyChecksum(unix.IPPROTO_ICMPV6, b))
	} else {
		binary.BigEndian.PutUint16(b[2:], fold(sum(0, b)))
	}
	return b
}

// wrapReply appends an IP packet from the destination back to the source.
func (ip ipHeader) wrapReply(b, body []byte) []byte {
	start := len(b)
	if ip.to.Is6() {
		b = append(b, 6<<4, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
		b = append(b, ip.protocol, 64)
	} else {
		b = append(b, 4<<4|5, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+len(body)))
		b = append(b, 0, 0, 0, 0, 64, ip.protocol, 0, 0)
	}
	b = append(b, ip.to.AsSlice()...)
	b = append(b, ip.from.AsSlice()...)
	if ip.to.Is4() {
		binary.BigEndian.PutUint16(b[start+10:], fold(sum(0, b[start:])))
	}
	return append(b, body...)
}

// replyChecksum covers the pseudo header of the reply (RFC 9293, 3.1; RFC 8200, 8.1) and its body.
func (ip ipHeader) replyChecksum(protocol byte, body []byte) uint16 {
	s := sum(0, ip.to.AsSlice())
	s = sum(s, ip.from.AsSlice())
	s = sum(s, []byte{0, protocol, byte(len(body) >> 8), byte(len(body))})
	return fold(sum(s, body))
}

// sum adds b in 16-bit words (RFC 1071).
func sum(s uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}
