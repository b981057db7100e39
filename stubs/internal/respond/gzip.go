package respond

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// minGzip is the least Content-Length that is worth compressing; bodies of unknown length always are.
const minGzip = 32

// compressible follows Jetty's GzipHandler: successful responses to ordinary methods, unless they are encoded or
// compressed already.
func compressible(req *http.Request, h http.Header, status, length int) bool {
	accepted := req.Header["Accept-Encoding"]
	if len(accepted) == 0 || status < 200 || status >= 300 || status == 204 || status == 205 {
		return false
	}
	switch req.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return false
	}
	if h["Content-Encoding"] != nil || h["Content-Length"] != nil && length < minGzip || !acceptsGzip(accepted) {
		return false
	}
	return len(h["Content-Type"]) == 0 || !compressedType(h["Content-Type"][0])
}

// Compressed is the body as the client takes it: compressed, which is noted in the headers, or as it is.
func Compressed(req *http.Request, h http.Header, status int, body []byte) []byte {
	if compressible(req, h, status, len(body)) {
		return compress(h, body)
	}
	return body
}

func acceptsGzip(values []string) bool {
	for _, line := range values {
		for item := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			weight, isWeight := strings.CutPrefix(strings.TrimSpace(params), "q=")
			if q, err := strconv.ParseFloat(weight, 64); isWeight && err == nil && q == 0 {
				continue
			}
			return true
		}
	}
	return false
}

func compressedType(contentType string) bool {
	t, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	t = strings.TrimSpace(t)
	switch kind, sub, _ := strings.Cut(t, "/"); kind {
	case "image":
		return sub != "svg+xml"
	case "audio", "video":
		return true
	}
	switch t {
	case "application/compress", "application/zip", "application/gzip", "application/bzip2", "application/brotli",
		"application/x-xz", "application/x-rar-compressed", "application/vnd.bzip2", "text/event-stream":
		return true
	}
	return false
}

var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// compress returns the body compressed and notes so in the headers.
func compress(h http.Header, body []byte) []byte {
	var out bytes.Buffer
	z := gzipWriters.Get().(*gzip.Writer)
	z.Reset(&out)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	gzipWriters.Put(z)
	h["Content-Encoding"] = []string{"gzip"}
	if h["Content-Length"] != nil {
		h["Content-Length"] = []string{strconv.Itoa(out.Len())}
	}
	for name, values := range h {
		if strings.EqualFold(name, "ETag") && len(values) > 0 && strings.HasSuffix(values[0], `"`) {
			h[name] = []string{strings.TrimSuffix(values[0], `"`) + `--gzip"`}
		}
	}
	return out.Bytes()
}
