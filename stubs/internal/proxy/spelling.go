package proxy

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// maxHead bounds the part of a response that is kept to know how its headers were spelled.
const maxHead = 64 << 10

// headConn keeps the beginning of what a target answers and sends headers in the order asked for: net/http respells and
// sorts them, which a proxy and a recording should not.
type headConn struct {
	net.Conn
	mu    sync.Mutex
	head  []byte
	order []string // of the headers of the request that is about to be written; nil once it was
}

func (c *headConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	if room := maxHead - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(n, room)]...)
	}
	c.mu.Unlock()
	return n, err
}

// begin is called before a request goes out, with the names of its headers in order.
func (c *headConn) begin(order []string) {
	c.mu.Lock()
	c.head, c.order = c.head[:0], order
	c.mu.Unlock()
}

// Write puts the headers of a request in order; net/http writes them at once, unless they are very long.
func (c *headConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	order := c.order
	c.order = nil
	c.mu.Unlock()
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if order == nil || end < 0 {
		return c.Conn.Write(p)
	}
	out := append(sorted(p[:end+2], order), p[end+2:]...)
	n, err := c.Conn.Write(out)
	return min(n, len(p)), err
}

// sorted puts the header lines of a request's head into the order of their names; those without a place stay behind.
func sorted(head []byte, order []string) []byte {
	lines := bytes.SplitAfter(head, []byte("\r\n"))
	place := func(line []byte) int {
		name, _, _ := bytes.Cut(line, []byte(":"))
		i := slices.IndexFunc(order, func(o string) bool { return strings.EqualFold(o, string(name)) })
		if i < 0 {
			return len(order)
		}
		return i
	}
	fields := lines[1 : len(lines)-1] // between the request line and the empty rest
	slices.SortStableFunc(fields, func(a, b []byte) int { return cmp.Compare(place(a), place(b)) })
	return bytes.Join(lines, nil)
}

// respell gives the headers the names that they came with.
func (c *headConn) respell(h http.Header) http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(http.Header, len(h))
	rest := c.head
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSpace(line)) == 0 {
			if bytes.HasPrefix(rest, []byte("HTTP/1.")) { // that was an informational response
				continue
			}
			break
		}
		raw, _, ok := bytes.Cut(line, []byte(":"))
		canonical := http.CanonicalHeaderKey(string(raw))
		if values := h[canonical]; ok && values != nil {
			out[string(raw)] = values
			delete(h, canonical)
		}
	}
	for name, values := range h {
		out[name] = values
	}
	return out
}

// dialers make connections that keep heads, above TLS where there is any.
func dialers(d *net.Dialer, config *tls.Config) (plain, secure func(ctx context.Context, network, addr string) (net.Conn, error)) {
	plain = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &headConn{Conn: c}, nil
	}
	secure = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &headConn{Conn: c}, nil
	}
	return plain, secure
}
