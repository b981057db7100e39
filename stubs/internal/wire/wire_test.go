package wire

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func heads(data []byte, step int) []string {
	var f framer
	var got []string
	for at := 0; at < len(data); at += step {
		f.feed(data[at:min(at+step, len(data))], func(h []byte) { got = append(got, string(h)) })
	}
	return got
}

func TestFramerFindsHeads(t *testing.T) {
	const get = "GET /a HTTP/1.1\r\nhost: x\r\nX-lower: 1\r\n\r\n"
	for name, c := range map[string]struct {
		stream string
		want   []string
	}{
		"one":               {get, []string{get}},
		"pipelined":         {get + get, []string{get, get}},
		"body":              {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /" + get, []string{"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", get}},
		"chunked":           {"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nT: v\r\n\r\n" + get, []string{"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", get}},
		"line feeds only":   {"GET / HTTP/1.1\nA: b\n\n" + get, []string{"GET / HTTP/1.1\nA: b\n\n", get}},
		"http/2":            {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00" + get, []string{"PRI * HTTP/2.0\r\n\r\n"}},
		"nonsense in chunk": {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + get, []string{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"}},
		"nothing":           {"GET / HT", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, step := range []int{1, 2, 7, 4096} {
				assert.Equal(t, c.want, heads([]byte(c.stream), step), "in steps of %d bytes", step)
			}
		})
	}
}

func TestConnTakesHeadsAndChangesTheStatusLine(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{ConnContext: NewConnContext, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := FromContext(r.Context())
		c.Begin(r.Method)
		head := c.TakeHead()
		_, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		c.SetHead("200 Fine by me", "X-\xe9: 1\r\n")
		_, err = w.Write(head)
		assert.NoError(t, err)
	})}
	go func() { _ = srv.Serve(tapped{ln}) }()
	t.Cleanup(func() { require.NoError(t, srv.Close()) })

	c, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	r := bufio.NewReader(c)
	for _, head := range []string{"GET /1 HTTP/1.1\r\nhost: x\r\n\r\n", "POST /2 HTTP/1.1\r\nHost: x\r\ncontent-length: 3\r\nx-B: 1\r\nX-a: 2\r\n\r\n"} {
		body := ""
		if strings.HasPrefix(head, "POST") {
			body = "abc"
		}
		_, err = io.WriteString(c, head+body)
		require.NoError(t, err)
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 200 Fine by me\r\n", line)
		line, err = r.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "X-\xe9: 1\r\n", line)
		resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n"), r)), nil)
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, head, string(got))
	}
}

// tapped wraps what a listener accepts.
type tapped struct{ net.Listener }

func (l tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return NewConn(c, nil), nil
}

// FuzzFramer plays a stream to net/http's own parser and to the framer: of every request that the parser reads whole,
// the framer must have found the head or have stopped; and it may not depend on how the bytes are cut.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcdGET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := heads(data, max(1, len(data)))
		require.Equal(t, whole, heads(data, 1))
		r := bufio.NewReader(bytes.NewReader(data))
		for i := range whole {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if !strings.HasPrefix(whole[i], req.Method+" ") {
				t.Fatalf("request %d is %s, its head %q", i, req.Method, whole[i])
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
		}
	})
}
