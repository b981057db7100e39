package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/wire"
)

// Prepare makes a server of the caller's tell stubs what net/http alone does not: how headers were spelled, and a way to
// send reason phrases. The server is to serve the listener that comes back. Connections that are TLS already stay as
// they are, for net/http has to recognise them.
func Prepare(srv *http.Server, l net.Listener) net.Listener {
	handler, callers := srv.Handler, srv.ConnContext
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := wire.FromContext(r.Context()); c != nil && r.ProtoMajor == 1 {
			c.Begin(r.Method)
		}
		handler.ServeHTTP(w, r)
	})
	srv.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if callers != nil {
			ctx = callers(ctx, c)
		}
		return connContext(ctx, c)
	}
	return preparedListener{l}
}

type preparedListener struct{ net.Listener }

func (l preparedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if _, ok := c.(*tls.Conn); ok {
		return c, nil
	}
	return wire.NewConn(c, nil), nil
}
