package stubs

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrepare(t *testing.T) {
	s, err := New(Options{Mappings: []Source{{Name: "test", Document: []byte(`{"request":{"url":"/x"},"response":{"statusMessage":"My words"}}`)}}})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: s}
	done := make(chan error, 1)
	prepared := Prepare(srv, l)
	go func() { done <- srv.Serve(prepared) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	in := bufio.NewReader(c)
	for range 2 { // the connection is kept
		_, err = io.WriteString(c, "GET /x HTTP/1.1\r\nhOsT: a\r\nx-ODD: 1\r\n\r\n")
		require.NoError(t, err)
		resp, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		assert.Equal(t, "200 My words", resp.Status)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
	}
	resp, err := http.Get("http://" + l.Addr().String() + "/__admin/requests")
	require.NoError(t, err)
	defer resp.Body.Close()
	journal, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(journal), `"x-ODD" : "1"`)
}
