package stubs

import (
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/wire"
)

// resetConnection ends the connection with a TCP RST. Where it cannot be taken over (HTTP/2), the stream is reset.
func resetConnection(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's way to abort: nothing is logged
	}
	c := wire.FromContext(r.Context())
	if c == nil {
		c = wire.Of(conn)
	}
	_ = c.Reset() // fails only when the peer closed first, which is the aim
}
