package execstream

import (
	"io"
	"net/http"
	"time"
)

// patience is how long a caller may take to see that its answer has ended, and to leave.
const patience = 5 * time.Second

// Serve lets an answer stream while its request is still being read. The returned function, called after the answer, ends the
// exchange: it takes what the caller still sends. Left unread, that would pass for the next request, or the connection would
// be cut before the caller has read its answer, which then is lost to it. Callers leave after the last frame; an answer that
// is none of frames needs its Content-Length, so that they know its end.
func Serve(w http.ResponseWriter, body io.Reader) (end func()) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 always is, HTTP/1 always can
	w.Header().Set("Connection", "close")
	return func() {
		_ = control.Flush() // who has left needs no answer
		_ = control.SetReadDeadline(time.Now().Add(patience))
		_, _ = io.Copy(io.Discard, body)
	}
}
