//go:build linux

package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Values of linux/netfilter/nf_tables.h that x/sys does not name.
const (
	tableDormant  = 1 // NFT_TABLE_F_DORMANT: a table whose chains see no packet
	natChain      = "output"
	priorityDNAT  = -100 // NF_IP_PRI_NAT_DST
	hookLocalOut  = 3    // NF_INET_LOCAL_OUT
	daddrOffset   = 16   // of the destination address in the IPv4 header (RFC 791)
	dportOffset   = 2    // of the destination port in the TCP header (RFC 9293)
	register      = unix.NFT_REG_1
	batchSequence = 1
)

// ProbeNAT tells by its error whether Redirect would work in this network namespace. What it leaves sees no packets.
func ProbeNAT() error { return addRules("envd-probe", tableDormant, nil) }

// Redirection leads connections to a port of an IPv4 address to another port of the same address.
type Redirection struct {
	To   netip.AddrPort
	Port uint16 // where they arrive
}

// Redirect redirects TCP connections that are opened in this network namespace.
func Redirect(redirections []Redirection) error { return addRules("envd", 0, redirections) }

// addRules makes a table with a chain of type nat and a rule for each redirection, all of it or nothing.
func addRules(table string, flags uint32, redirections []Redirection) error {
	var b batch
	b.message(unix.NFNL_MSG_BATCH_BEGIN, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES, func(*message) {})
	b.message(nft(unix.NFT_MSG_NEWTABLE), unix.NLM_F_CREATE|unix.NLM_F_ACK, unix.NFPROTO_IPV4, 0, func(m *message) {
		m.text(unix.NFTA_TABLE_NAME, table)
		m.number(unix.NFTA_TABLE_FLAGS, flags)
	})
	b.message(nft(unix.NFT_MSG_NEWCHAIN), unix.NLM_F_CREATE|unix.NLM_F_ACK, unix.NFPROTO_IPV4, 0, func(m *message) {
		m.text(unix.NFTA_CHAIN_TABLE, table)
		m.text(unix.NFTA_CHAIN_NAME, natChain)
		m.nested(unix.NFTA_CHAIN_HOOK|unix.NLA_F_NESTED, func() {
			m.number(unix.NFTA_HOOK_HOOKNUM, hookLocalOut)
			priority := int32(priorityDNAT)
			m.number(unix.NFTA_HOOK_PRIORITY, uint32(priority))
		})
		m.text(unix.NFTA_CHAIN_TYPE, "nat")
	})
	for _, r := range redirections {
		b.message(nft(unix.NFT_MSG_NEWRULE), unix.NLM_F_CREATE|unix.NLM_F_APPEND|unix.NLM_F_ACK, unix.NFPROTO_IPV4, 0, func(m *message) {
			m.text(unix.NFTA_RULE_TABLE, table)
			m.text(unix.NFTA_RULE_CHAIN, natChain)
			m.nested(unix.NFTA_RULE_EXPRESSIONS|unix.NLA_F_NESTED, func() { m.redirection(r) })
		})
	}
	b.message(unix.NFNL_MSG_BATCH_END, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES, func(*message) {})
	if err := b.send(2 + len(redirections)); err != nil {
		return fmt.Errorf("redirect ports (nf_tables): %w", err)
	}
	return nil
}

func nft(kind uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | kind }

// redirection is the rule `ip daddr ADDRESS tcp dport PORT dnat to :OTHER`.
func (m *message) redirection(r Redirection) {
	address := r.To.Addr().As4()
	m.expression("meta", func() {
		m.number(unix.NFTA_META_KEY, unix.NFT_META_L4PROTO)
		m.number(unix.NFTA_META_DREG, register)
	})
	m.compare([]byte{unix.IPPROTO_TCP})
	m.load(unix.NFT_PAYLOAD_NETWORK_HEADER, daddrOffset, len(address))
	m.compare(address[:])
	m.load(unix.NFT_PAYLOAD_TRANSPORT_HEADER, dportOffset, 2)
	m.compare(binary.BigEndian.AppendUint16(nil, r.To.Port()))
	m.expression("immediate", func() {
		m.number(unix.NFTA_IMMEDIATE_DREG, register)
		m.value(unix.NFTA_IMMEDIATE_DATA, binary.BigEndian.AppendUint16(nil, r.Port))
	})
	m.expression("nat", func() {
		m.number(unix.NFTA_NAT_TYPE, unix.NFT_NAT_DNAT)
		m.number(unix.NFTA_NAT_FAMILY, unix.NFPROTO_IPV4)
		m.number(unix.NFTA_NAT_REG_PROTO_MIN, register)
	})
}

func (m *message) load(base uint32, offset, length int) {
	m.expression("payload", func() {
		m.number(unix.NFTA_PAYLOAD_DREG, register)
		m.number(unix.NFTA_PAYLOAD_BASE, base)
		m.number(unix.NFTA_PAYLOAD_OFFSET, uint32(offset))
		m.number(unix.NFTA_PAYLOAD_LEN, uint32(length))
	})
}

func (m *message) compare(with []byte) {
	m.expression("cmp", func() {
		m.number(unix.NFTA_CMP_SREG, register)
		m.number(unix.NFTA_CMP_OP, unix.NFT_CMP_EQ)
		m.value(unix.NFTA_CMP_DATA, with)
	})
}

func (m *message) expression(name string, fill func()) {
	m.nested(unix.NFTA_LIST_ELEM|unix.NLA_F_NESTED, func() {
		m.text(unix.NFTA_EXPR_NAME, name)
		m.nested(unix.NFTA_EXPR_DATA|unix.NLA_F_NESTED, fill)
	})
}

func (m *message) value(kind uint16, value []byte) {
	m.nested(kind|unix.NLA_F_NESTED, func() { m.attribute(unix.NFTA_DATA_VALUE, value) })
}

func (m *message) text(kind uint16, s string) { m.attribute(kind, append([]byte(s), 0)) }

// number appends an attribute in network byte order, as netfilter has them all.
func (m *message) number(kind uint16, n uint32) {
	m.attribute(kind, binary.BigEndian.AppendUint32(nil, n))
}

// batch is a transaction: several messages of which the kernel carries out all or none.
type batch struct{ bytes []byte }

// message appends one with its struct nfgenmsg.
func (b *batch) message(kind, flags uint16, family byte, resource uint16, fill func(*message)) {
	var m message
	m.bytes = binary.BigEndian.AppendUint16([]byte{family, unix.NFNETLINK_V0}, resource)
	fill(&m)
	b.bytes = binary.NativeEndian.AppendUint32(b.bytes, uint32(unix.NLMSG_HDRLEN+len(m.bytes)))
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, kind)
	b.bytes = binary.NativeEndian.AppendUint16(b.bytes, unix.NLM_F_REQUEST|flags)
	b.bytes = binary.NativeEndian.AppendUint32(b.bytes, batchSequence)
	b.bytes = append(b.bytes, 0, 0, 0, 0) // the sender's port: the kernel fills it in
	b.bytes = append(b.bytes, m.bytes...)
}

// send carries the batch out and waits for that many acknowledgements, or the first error.
func (b *batch) send(acknowledgements int) (err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	if err := unix.Sendto(fd, b.bytes, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	reply := make([]byte, 8192)
	for acknowledgements > 0 {
		n, _, err := unix.Recvfrom(fd, reply, 0)
		if err != nil {
			return err
		}
		messages, err := syscall.ParseNetlinkMessage(reply[:n])
		if err != nil {
			return err
		}
		for _, m := range messages {
			if m.Header.Type != unix.NLMSG_ERROR || len(m.Data) < 4 {
				return errors.New("the kernel's answer is no acknowledgement")
			}
			if code := int32(binary.NativeEndian.Uint32(m.Data)); code != 0 {
				return syscall.Errno(-code)
			}
			acknowledgements--
		}
	}
	return nil
}
