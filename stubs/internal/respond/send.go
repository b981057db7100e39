package respond

import (
	"context"
	"net/http"
	"strconv"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/wire"
)

var (
	chunked  = []string{"chunked"}
	identity = []string{"identity"} // which net/http takes for neither a length nor chunks
)

// send writes ev.Response. Errors of writing mean that the client has gone: nobody is left to be told.
func (r *Responder) send(ctx context.Context, w http.ResponseWriter, req *http.Request, ev *event.ServeEvent, def *mapping.ResponseDefinition) {
	resp := &ev.Response
	h := w.Header()
	odd := setHeaders(h, resp.Header, req.ProtoMajor)
	if types := h["Content-Type"]; resp.Status == http.StatusNotModified && types != nil && req.ProtoMajor == 1 {
		odd += "Content-Type: " + oneLine(types[0]) + "\r\n" // net/http takes it for one of a body that there is not
	}
	body := resp.Body
	if d := def.ChunkedDribbleDelay; d != nil && len(body) > 0 && d.Fails() {
		body = nil
		if h["Content-Length"] == nil && !req.Close && !closes(h) {
			h["Content-Length"] = []string{"0"}
		}
	}
	if !r.options.NoGzip && compressible(req, h, resp.Status, len(body)) {
		body = compress(h, body)
	}
	length, declared := declaredLength(h)
	r.frame(h, req, def, resp.Proxied, len(body))
	code := resp.Status
	line := statusLine(code, resp.Message)
	if def.WithoutReason() {
		line = strconv.Itoa(code) + " "
	}
	if (line != "" || odd != "") && req.ProtoMajor == 1 {
		c := wire.FromContext(ctx)
		switch {
		case c != nil:
			c.SetHead(line, odd)
			if code < 200 || code > 999 {
				code = http.StatusOK // net/http only takes final codes of three digits; the line replaces it
			}
		case resp.Message != "":
			sendHijacked(w, req, line, body)
			return
		}
	}
	if code < 100 || code > 999 {
		code = http.StatusInternalServerError
	}
	end, rest := len(body), []byte(nil) // rest is what goes beyond the length that the stub declares
	if declared && length < len(body) {
		if d := def.ChunkedDribbleDelay; d != nil { // Jetty takes no chunk after the one that reaches the length
			end = reach(d, len(body), length)
		}
		if h["Content-Length"] != nil { // and not chunked all the same
			body, rest, end = body[:length], body[length:end], length
		}
	}
	w.WriteHeader(code)
	if req.Method == http.MethodHead || !bodyAllowed(code) {
		return
	}
	defer sendBeyond(ctx, w, req, rest)
	if d := def.ChunkedDribbleDelay; d != nil && len(body) > 0 {
		dribble(ctx, w, body, end, d)
		return
	}
	_, _ = w.Write(body)
}

// sendBeyond sends what net/http does not let through after a declared length; HTTP/2 cannot carry it.
func sendBeyond(ctx context.Context, w http.ResponseWriter, req *http.Request, rest []byte) {
	c := wire.FromContext(ctx)
	if len(rest) == 0 || c == nil || req.ProtoMajor != 1 {
		return
	}
	if http.NewResponseController(w).Flush() == nil {
		_ = c.WriteRaw(rest) // the client may be gone
	}
}

func bodyAllowed(code int) bool {
	return code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified
}
