package stubs

import (
	"crypto/tls"
	"net"
	"net/http"
)

// resetConnection ends the connection with a TCP RST. Where it cannot be taken over (HTTP/2), the stream is reset.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's way to abort: nothing is logged
	}
	raw := net.Conn(conn)
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if l, ok := raw.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0) // fails only when the peer closed first, which is the aim
	}
	_ = raw.Close()
}
