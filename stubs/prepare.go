package stubs

import (
	"net"
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/transport"
)

// Prepare is for programs that mount servers on a listener of their own: it makes srv, whose Handler is set, tell them how
// clients spelled their headers and gives them a way to send a stub's statusMessage without closing the connection.
// Serve the listener that it returns.
//
//	err := srv.Serve(stubs.Prepare(srv, listener))
func Prepare(srv *http.Server, l net.Listener) net.Listener { return transport.Prepare(srv, l) }
