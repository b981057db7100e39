package gateway

import (
	"net"
	"strings"

	"github.com/miekg/dns"
)

// resolver answers DNS inside the environment: its own names with their addresses, everything else with NXDOMAIN,
// recorded as undeclared.
type resolver struct {
	lookup     func(host string) (net.IP, bool)
	undeclared func(destination, protocol string)
}

// ServeDNS implements dns.Handler (RFC 1035; names are compared as RFC 4343 says).
func (r *resolver) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	reply := new(dns.Msg)
	reply.SetReply(q)
	reply.Authoritative = true
	reply.RecursionAvailable = true
	for _, question := range q.Question {
		host := strings.ToLower(strings.TrimSuffix(question.Name, "."))
		ip, ok := r.lookup(host)
		if !ok {
			r.undeclared(host, "dns")
			reply.Rcode = dns.RcodeNameError
			continue
		}
		header := dns.RR_Header{Name: question.Name, Rrtype: question.Qtype, Class: dns.ClassINET, Ttl: 1}
		if v4 := ip.To4(); v4 != nil && question.Qtype == dns.TypeA {
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: v4})
		}
		if ip.To4() == nil && question.Qtype == dns.TypeAAAA {
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header, AAAA: ip})
		}
	}
	// This fails only if the client has gone.
	_ = w.WriteMsg(reply)
}

// serveDNS binds address for UDP and TCP and answers until the returned function is called.
func serveDNS(address string, handler dns.Handler) (stop func(), err error) {
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", packets.LocalAddr().String())
	if err != nil {
		packets.Close()
		return nil, err
	}
	servers := []*dns.Server{{PacketConn: packets, Handler: handler}, {Listener: listener, Handler: handler}}
	for _, s := range servers {
		go func() { _ = s.ActivateAndServe() }() // ends when its socket is closed
	}
	return func() {
		packets.Close()
		listener.Close()
	}, nil
}
