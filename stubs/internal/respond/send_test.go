package respond

import (
	"bufio"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

func one(name string, values ...string) mapping.Header {
	return mapping.Header{Name: name, Values: values}
}

// The expected bytes are those of WireMock 3.13.2, except for the order of headers and for chunks instead of the end of
// the connection when the client asked to close it.
func TestBytesOnTheWire(t *testing.T) {
	for name, c := range map[string]struct {
		def     mapping.ResponseDefinition
		request string
		options func(*rig, *Options)
		want    string
	}{
		"body": {def: mapping.ResponseDefinition{Status: 200, BodyKind: mapping.TextBody, Body: []byte("hello")},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "\r\nhello"},
		"no body": {def: mapping.ResponseDefinition{Status: 201},
			want: "HTTP/1.1 201 Created\r\nConnection: close\r\n" + id + "\r\n"},
		"status is 200 when not positive": {def: mapping.ResponseDefinition{Status: -1},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "\r\n"},
		"reason phrase, header list and spelling": {
			def:  mapping.ResponseDefinition{Status: 200, StatusMessage: "Fine by mé", Headers: []mapping.Header{one("x-lower", "1", "2"), one("content-TYPE", "text/plain")}},
			want: "HTTP/1.1 200 Fine by m\xe9\r\nConnection: close\r\nContent-Type: text/plain\r\n" + id + "x-lower: 1\r\nx-lower: 2\r\n\r\n"},
		"unknown status": {def: mapping.ResponseDefinition{Status: 599},
			want: "HTTP/1.1 599 599\r\nConnection: close\r\n" + id + "\r\n"},
		"Jetty's phrase": {def: mapping.ResponseDefinition{Status: 500},
			want: "HTTP/1.1 500 Server Error\r\nConnection: close\r\n" + id + "\r\n"},
		"204 has no body": {def: mapping.ResponseDefinition{Status: 204, Body: []byte("x"), BodyKind: mapping.TextBody},
			want: "HTTP/1.1 204 No Content\r\nConnection: close\r\n" + id + "\r\n"},
		"length of the stub's": {def: mapping.ResponseDefinition{Status: 200, Body: []byte("zz"), BodyKind: mapping.TextBody, Headers: []mapping.Header{one("content-length", "2")}},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n" + id + "\r\nzz"},
		"length that is too large": {def: mapping.ResponseDefinition{Status: 200, Body: []byte("x"), BodyKind: mapping.TextBody, Headers: []mapping.Header{one("Content-Length", "10")}},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n" + id + "\r\nx"},
		"date and server of the stub's": {def: mapping.ResponseDefinition{Status: 200, Headers: []mapping.Header{one("Date", "Mon, 01 Jan 2001 00:00:00 GMT"), one("Server", "me")}},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n" + id + "Server: me\r\n\r\n"},
		"HEAD": {def: mapping.ResponseDefinition{Status: 200, Body: []byte("x"), BodyKind: mapping.TextBody}, request: "HEAD /x HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n",
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "\r\n"},
		"HTTP/1.0": {def: mapping.ResponseDefinition{Status: 200, Body: []byte("x"), BodyKind: mapping.TextBody}, request: "GET / HTTP/1.0\r\n\r\n",
			want: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n" + id + "\r\nx"},
		"names that are no tokens": {def: mapping.ResponseDefinition{Status: 200, Headers: []mapping.Header{one("X:É", "é\n2"), one("a b", "c")}},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "X?\xc9: \xe9 2\r\na b: c\r\n\r\n"},
		"chunked wins over a length": {def: mapping.ResponseDefinition{Status: 200, Headers: []mapping.Header{one("Content-Length", "3"), one("Transfer-Encoding", "chunked")}},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		"one content type": {def: mapping.ResponseDefinition{Status: 200, Headers: []mapping.Header{one("Content-Type", "a/b", "c/d")}},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "Content-Type: c/d\r\n\r\n"},
		"header values in Latin-1": {def: mapping.ResponseDefinition{Status: 200, Headers: []mapping.Header{one("X-A", "é€\nb")}},
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "X-A: \xe9? b\r\n\r\n"},
		"never chunked": {def: mapping.ResponseDefinition{Status: 200, Body: []byte("abc"), BodyKind: mapping.TextBody}, options: func(_ *rig, o *Options) { o.Chunked = ChunkedNever },
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n" + id + "\r\nabc"},
		"chunked for files": {def: mapping.ResponseDefinition{Status: 200, BodyFileName: "a.txt"}, options: func(r *rig, o *Options) {
			o.Chunked = ChunkedBodyFile
			_ = r.files.Write("a.txt", []byte("from file"))
		}, want: "HTTP/1.1 200 OK\r\nConnection: close\r\n" + id + "\r\nfrom file"},
		"not chunked without file": {def: mapping.ResponseDefinition{Status: 200, Body: []byte("abc"), BodyKind: mapping.TextBody}, options: func(_ *rig, o *Options) { o.Chunked = ChunkedBodyFile },
			want: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n" + id + "\r\nabc"},
		"hijacked where the server is not ours": {def: mapping.ResponseDefinition{Status: 200, StatusMessage: "Mine", Body: []byte("abc"), BodyKind: mapping.TextBody}, options: func(r *rig, _ *Options) { r.plain = true },
			want: "HTTP/1.1 200 Mine\r\nConnection: close\r\nContent-Length: 3\r\n" + id + "\r\nabc"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.options)
			r.define(t, c.def)
			request := c.request
			if request == "" {
				request = get
			}
			got, err := r.raw(t, request)
			require.NoError(t, err)
			assert.Equal(t, lines(c.want), lines(got))
		})
	}
}

// lines sorts header lines away: net/http sends its own last.
func lines(response string) []string {
	head, body, _ := strings.Cut(response, "\r\n\r\n")
	out := strings.Split(head, "\r\n")
	fields := out[1:]
	for i := range fields {
		for j := i + 1; j < len(fields); j++ {
			if fields[j] < fields[i] {
				fields[i], fields[j] = fields[j], fields[i]
			}
		}
	}
	return append(out, body)
}

func TestKeepAliveSurvivesReasonPhrases(t *testing.T) {
	r := newRig(t, nil)
	r.define(t, mapping.ResponseDefinition{Status: 200, StatusMessage: "Again"})
	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer c.Close()
	in := bufio.NewReader(c)
	for range 3 {
		_, err := io.WriteString(c, "GET /x HTTP/1.1\r\n"+host+"\r\n")
		require.NoError(t, err)
		resp, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		assert.Equal(t, "200 Again", resp.Status)
		readAll(t, resp)
	}
}

func TestFaults(t *testing.T) {
	for fault, c := range map[mapping.Fault]struct {
		want string
		err  error
	}{
		mapping.EmptyResponse:          {"", nil},
		mapping.ConnectionResetByPeer:  {"", syscall.ECONNRESET},
		mapping.RandomDataThenClose:    {garbage, nil},
		mapping.MalformedResponseChunk: {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + garbage, nil},
	} {
		t.Run(string(fault), func(t *testing.T) {
			r := newRig(t, nil)
			r.define(t, mapping.ResponseDefinition{Status: 418, Fault: fault, Body: []byte("unseen"), Headers: []mapping.Header{one("X-A", "b")}})
			got, err := r.raw(t, "GET /x HTTP/1.1\r\n"+host+"\r\n")
			if c.err == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.err)
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, fault, (<-r.served).Response.Fault)
		})
	}
}

func TestMalformedChunkGoesPastCompression(t *testing.T) {
	r := newRig(t, nil)
	r.define(t, mapping.ResponseDefinition{Status: 418, Fault: mapping.MalformedResponseChunk})
	for method, encoding := range map[string]string{"GET": "Content-Encoding: gzip\r\n", "PURGE": ""} {
		got, err := r.raw(t, method+" /x HTTP/1.1\r\nAccept-Encoding: gzip\r\n"+host+"\r\n")
		require.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 200 OK\r\n"+encoding+"Transfer-Encoding: chunked\r\n\r\n"+garbage, got)
		<-r.served
	}
}

func TestFaultsOverHTTP2(t *testing.T) {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	for _, fault := range []mapping.Fault{mapping.EmptyResponse, mapping.ConnectionResetByPeer, mapping.RandomDataThenClose, mapping.MalformedResponseChunk} {
		t.Run(string(fault), func(t *testing.T) {
			r := newRig(t, nil)
			r.define(t, mapping.ResponseDefinition{Status: 418, Fault: fault})
			transport := &http.Transport{Protocols: &p}
			defer transport.CloseIdleConnections()
			req, err := http.NewRequest("POST", "http://"+r.addr+"/x", strings.NewReader("a body, so that the request is not sent again"))
			require.NoError(t, err)
			resp, err := transport.RoundTrip(req)
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
				assert.Equal(t, mapping.MalformedResponseChunk, fault, "only this one begins to answer")
			}
			require.Error(t, err)
		})
	}
}

func TestGzip(t *testing.T) {
	text := mapping.ResponseDefinition{Status: 200, BodyKind: mapping.TextBody, Body: []byte(strings.Repeat("abc", 100))}
	with := func(d mapping.ResponseDefinition, h ...mapping.Header) mapping.ResponseDefinition {
		d.Headers = h
		return d
	}
	status := func(d mapping.ResponseDefinition, code int) mapping.ResponseDefinition { d.Status = code; return d }
	for name, c := range map[string]struct {
		def        mapping.ResponseDefinition
		method     string
		accept     string
		compressed bool
	}{
		"accepted":              {text, "GET", "deflate, gzip;q=0.5", true},
		"post":                  {text, "POST", "gzip", true},
		"options":               {text, "OPTIONS", "gzip", false},
		"not accepted":          {text, "GET", "br", false},
		"refused":               {text, "GET", "gzip;q=0", false},
		"any":                   {text, "GET", "*", false},
		"not found":             {status(text, 404), "GET", "gzip", false},
		"image":                 {with(text, one("Content-Type", "image/png")), "GET", "gzip", false},
		"svg":                   {with(text, one("Content-Type", "image/svg+xml")), "GET", "gzip", true},
		"encoded by the stub":   {with(text, one("Content-Encoding", "gzip")), "GET", "gzip", false},
		"tag and length change": {with(text, one("ETag", `"v1"`), one("Content-Length", "300")), "GET", "gzip", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.define(t, c.def)
			resp := r.do(t, c.method, map[string]string{"Accept-Encoding": c.accept})
			body := readAll(t, resp)
			if !c.compressed {
				assert.Equal(t, string(c.def.Body), body)
				return
			}
			assert.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
			z, err := gzip.NewReader(strings.NewReader(body))
			require.NoError(t, err)
			plain, err := io.ReadAll(z)
			require.NoError(t, err)
			assert.Equal(t, string(c.def.Body), string(plain))
			if name == "tag and length change" {
				assert.Equal(t, `"v1--gzip"`, resp.Header.Get("Etag"))
			}
			assert.Equal(t, c.def.Body, (<-r.served).Response.Body, "the journal keeps the plain body")
		})
	}
}

func TestDribbleThatFails(t *testing.T) {
	r := newRig(t, nil)
	for _, d := range []mapping.ChunkedDribbleDelay{{}, {NumberOfChunks: 2}, {TotalDuration: time.Millisecond}, {NumberOfChunks: 2, TotalDuration: -1}} {
		r.define(t, mapping.ResponseDefinition{Status: 200, BodyKind: mapping.TextBody, Body: []byte("unseen"), ChunkedDribbleDelay: &d})
		got, err := r.raw(t, kept+get)
		require.NoError(t, err)
		assert.Contains(t, got, "Content-Length: 0\r\n", "%+v", d)
		assert.NotContains(t, got, "unseen")
	}
}

func TestDribble(t *testing.T) {
	r := newRig(t, nil)
	const total = 120 * time.Millisecond
	r.define(t, mapping.ResponseDefinition{Status: 200, BodyKind: mapping.TextBody, Body: []byte("abcdefghij"),
		ChunkedDribbleDelay: &mapping.ChunkedDribbleDelay{NumberOfChunks: 3, TotalDuration: total}})
	c, err := net.Dial("tcp", r.addr)
	require.NoError(t, err)
	defer c.Close()
	start := time.Now()
	_, err = io.WriteString(c, kept)
	require.NoError(t, err)
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		if line == "\r\n" {
			break
		}
	}
	assert.Equal(t, []string{"abc", "def", "ghij"}, chunks(t, in), "equal chunks, the rest with the last")
	assert.GreaterOrEqual(t, time.Since(start), total)

	for length, want := range map[string]string{"0": "3\r\nabc\r\n0\r\n\r\n", "4": "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", "7": "3\r\nabc\r\n3\r\ndef\r\n4\r\nghij\r\n0\r\n\r\n"} {
		r.define(t, mapping.ResponseDefinition{Status: 200, BodyKind: mapping.TextBody, Body: []byte("abcdefghij"),
			Headers:             []mapping.Header{one("Content-Length", length), one("Transfer-Encoding", "chunked")},
			ChunkedDribbleDelay: &mapping.ChunkedDribbleDelay{NumberOfChunks: 3, TotalDuration: time.Millisecond}})
		got, err := r.raw(t, get)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(got, "\r\n\r\n"+want), "no chunk after the one that reaches the length %s: %q", length, got)
	}

	r.define(t, mapping.ResponseDefinition{Status: 200, BodyKind: mapping.TextBody, Body: []byte("ab"),
		ChunkedDribbleDelay: &mapping.ChunkedDribbleDelay{NumberOfChunks: 5, TotalDuration: 20 * time.Millisecond}})
	got, err := r.raw(t, kept+get)
	require.NoError(t, err)
	assert.Contains(t, got, "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "no more chunks than bytes")
	assert.True(t, strings.HasSuffix(got, "\r\n\r\nab"), "the end of the connection ends the body: %q", got)
}
