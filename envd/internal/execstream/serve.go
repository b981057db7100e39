package execstream

import (
	"io"
	"net/http"
	"time"
)

// patience is how long a caller may take to notice the end of its answer, and to leave.
const patience = 5 * time.Second

// Serve lets an answer stream while its request is still being read. The returned function must be called after the answer:
// it reads what the caller still sends. Left unread, that would be taken for the next request, or the connection would be
// cut before the caller has read its answer. Callers leave after the last frame; an answer without frames needs a
// Content-Length, so that they know where it ends.
func Serve(w http.ResponseWriter, body io.Reader) (end func()) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 always is, HTTP/1 always can
	w.Header().Set("Connection", "close")
	return func() {
		_ = control.Flush() // fails only if the caller has left
		_ = control.SetReadDeadline(time.Now().Add(patience))
		_, _ = io.Copy(io.Discard, body)
	}
}
