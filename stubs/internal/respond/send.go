package respond

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

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

// setHeaders copies a response's headers, as bytes that HTTP can carry, and keeps net/http from adding its own.
// Names that net/http would drop are returned as lines of their own.
func setHeaders(h, from http.Header, protoMajor int) (odd string) {
	for name, values := range from {
		if protoMajor >= 2 && perConnection(name) {
			continue
		}
		values = latin1Values(values)
		if !httpguts.ValidHeaderFieldName(name) {
			for _, v := range values {
				odd += oneLine(strings.ReplaceAll(latin1(name), ":", "?")) + ": " + oneLine(v) + "\r\n"
			}
			continue
		}
		name = framingName(name)
		if set, ok := h[name]; ok { // by a filter before: both are sent
			values = append(slices.Clone(set), values...)
		}
		h[name] = values
	}
	if types := h["Content-Type"]; len(types) > 1 { // a response has one: the last that was set
		h["Content-Type"] = types[len(types)-1:]
	}
	if _, ok := h["Date"]; !ok {
		h["Date"] = nil
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil
	}
	return odd
}

// oneLine keeps line ends out of what is written by hand.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r", " "), "\n", " ")
}

// framingName spells the names that net/http and this package have to find; all others go out as they are.
func framingName(name string) string {
	switch canonical := http.CanonicalHeaderKey(name); canonical {
	case "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Connection", "Date", "Trailer":
		return canonical
	}
	return name
}

// perConnection are header fields that HTTP/2 does not have (RFC 9113, 8.2.2).
func perConnection(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// latin1Values encodes header values as ISO 8859-1, as the server that is stood in for does.
func latin1Values(values []string) []string {
	for i, v := range values {
		if isASCII(v) {
			continue
		}
		out := slices.Clone(values)
		for j := i; j < len(out); j++ {
			out[j] = latin1(out[j])
		}
		return out
	}
	return values
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// latin1 encodes text; what is no UTF-8, and so comes from a proxy target as it is, stays.
func latin1(s string) string {
	if isASCII(s) || !utf8.ValidString(s) {
		return s
	}
	out := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 0xFF {
			c = '?'
		}
		out = append(out, byte(c))
	}
	return string(out)
}

// frame decides how HTTP/1.1 tells where the body ends. A length or coding that the stub gives stays.
func (r *Responder) frame(h http.Header, req *http.Request, def *mapping.ResponseDefinition, proxied bool, length int) {
	if _, ok := h["Content-Length"]; ok {
		if te := h["Transfer-Encoding"]; len(te) == 0 || !strings.EqualFold(te[0], "chunked") || !req.ProtoAtLeast(1, 1) {
			delete(h, "Transfer-Encoding")
			return
		}
		delete(h, "Content-Length")
	}
	if req.ProtoMajor != 1 {
		return
	}
	byFile := def.BodyFromFile() && !proxied
	if r.options.Chunked == ChunkedNever || r.options.Chunked == ChunkedBodyFile && !byFile {
		if _, ok := h["Transfer-Encoding"]; !ok {
			h["Content-Length"] = []string{strconv.Itoa(length)}
			return
		}
	}
	switch {
	case !req.ProtoAtLeast(1, 1):
	case len(h["Transfer-Encoding"]) > 0 && strings.EqualFold(h["Transfer-Encoding"][0], "chunked"): // by the stub
		h["Transfer-Encoding"] = chunked
	case req.Close || closes(h):
		h["Transfer-Encoding"] = identity // the end of the connection ends the body
	default:
		h["Transfer-Encoding"] = chunked
	}
}

func closes(h http.Header) bool {
	c := h["Connection"]
	return len(c) > 0 && strings.EqualFold(c[0], "close")
}

func declaredLength(h http.Header) (int, bool) {
	values := h["Content-Length"]
	if len(values) == 0 {
		return 0, false
	}
	n, err := strconv.Atoi(values[0])
	return n, err == nil && n >= 0
}

func bodyAllowed(code int) bool {
	return code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified
}

// reasons are the phrases in which Jetty, WireMock's HTTP server, differs from net/http.
var reasons = map[int]string{
	http.StatusNonAuthoritativeInfo:         "Non Authoritative Information",
	http.StatusRequestEntityTooLarge:        "Payload Too Large",
	http.StatusRequestURITooLong:            "URI Too Long",
	http.StatusRequestedRangeNotSatisfiable: "Range Not Satisfiable",
	http.StatusTeapot:                       "I'm a Teapot",
	420:                                     "Enhance your Calm",
	http.StatusAlreadyReported:              "208",
	http.StatusIMUsed:                       "226",
	http.StatusTooEarly:                     "425",
	http.StatusUnavailableForLegalReasons:   "Unavailable for Legal Reason",
	http.StatusInternalServerError:          "Server Error",
}

// statusLine is code and reason phrase where net/http's own would differ, else "".
func statusLine(code int, message string) string {
	known := http.StatusText(code)
	switch {
	case message != "" && message != known, code < 200, code > 999:
		if message == "" {
			message = strconv.Itoa(code)
			if known != "" {
				message = known
			}
		}
	case message != "":
		return ""
	case known == "" || reasons[code] != "":
		if message = reasons[code]; message == "" {
			message = strconv.Itoa(code)
		}
	default:
		return ""
	}
	return strconv.Itoa(code) + " " + oneLine(latin1(message))
}

// sendHijacked writes the response itself, for a server that is not ours and so cannot be told the reason phrase.
func sendHijacked(w http.ResponseWriter, req *http.Request, line string, body []byte) {
	h := maps.Clone(w.Header())
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		code, _ := strconv.Atoi(line[:3])
		w.WriteHeader(code)
		_, _ = w.Write(body)
		return
	}
	defer c.Close()
	delete(h, "Transfer-Encoding")
	for _, name := range []string{"Date", "Content-Type"} {
		if h[name] == nil {
			delete(h, name)
		}
	}
	h["Content-Length"], h["Connection"] = []string{strconv.Itoa(len(body))}, []string{"close"}
	_, _ = buffered.WriteString("HTTP/1.1 " + line + "\r\n")
	_ = h.Write(buffered)
	_, _ = buffered.WriteString("\r\n")
	if req.Method != http.MethodHead {
		_, _ = buffered.Write(body)
	}
	_ = buffered.Flush()
}

// chunksOf is the number of chunks and the size of all but the last.
func chunksOf(d *mapping.ChunkedDribbleDelay, length int) (n, size int) {
	n = min(max(1, d.NumberOfChunks), length)
	return n, length / n
}

// reach is where the first chunk ends with which at least declared bytes of a body of length are sent.
func reach(d *mapping.ChunkedDribbleDelay, length, declared int) int {
	n, size := chunksOf(d, length)
	if chunk := max(1, (declared+size-1)/size); chunk < n {
		return chunk * size
	}
	return length
}

// dribble sends the body in equal chunks, the rest with the last, and waits an equal time before each. It stops with the chunk
// that ends at an index, if that is not the last.
func dribble(ctx context.Context, w http.ResponseWriter, body []byte, end int, d *mapping.ChunkedDribbleDelay) {
	n, size := chunksOf(d, len(body))
	start := time.Now()
	flusher := http.NewResponseController(w)
	for i := range n {
		if i*size >= end {
			return
		}
		if !sleepUntil(ctx, start.Add(d.TotalDuration*time.Duration(i+1)/time.Duration(n))) {
			return
		}
		chunk := body[i*size:]
		if i < n-1 {
			chunk = chunk[:size]
		}
		if _, err := w.Write(chunk); err != nil {
			return
		}
		if flusher.Flush() != nil {
			return
		}
	}
}
