package standalone

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
	"github.com/envd-dev/envd/stubs/internal/transport"
)

// BenchmarkSimpleStub compares one request on a kept-alive connection, client included, with a bare net/http server.
func BenchmarkSimpleStub(b *testing.B) {
	const body = "hello world"
	srv, err := stubs.New(stubs.Options{Mappings: []stubs.Source{{Name: "bench", Document: []byte(
		`{"request":{"method":"GET","url":"/x"},"response":{"body":"` + body + `","headers":{"Content-Type":"text/plain"}}}`)}}})
	require.NoError(b, err)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, body)
	})
	b.Run("bare", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		s := &http.Server{Handler: bare}
		go func() { _ = s.Serve(l) }()
		defer s.Close()
		play(b, l.Addr().String())
	})
	b.Run("stub", func(b *testing.B) {
		addr := "127.0.0.1:0"
		t, err := transport.Listen(transport.Options{HTTP: &addr}, srv)
		require.NoError(b, err)
		go func() { _ = t.Serve() }()
		defer t.Close()
		play(b, t.HTTPAddr().String())
	})
}

// play sends b.N requests and reads their responses without parsing more than needed.
func play(b *testing.B, addr string) {
	c, err := net.Dial("tcp", addr)
	require.NoError(b, err)
	defer c.Close()
	r := bufio.NewReader(c)
	request := []byte("GET /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		skipResponse(b, r)
	}
}

func skipResponse(b *testing.B, r *bufio.Reader) {
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if len(line) <= 2 {
			break
		}
		if name, value, _ := strings.Cut(string(line), ":"); name == "Content-Length" {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				b.Fatal(err)
			}
		}
	}
	if length >= 0 {
		if _, err := r.Discard(length); err != nil {
			b.Fatal(err)
		}
		return
	}
	for { // chunks, of which none has a line of its own that is "0"
		line, err := r.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if string(line) == "0\r\n" {
			_, err = r.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			return
		}
	}
}
