package stubs_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

func TestStaticFilesAnswerConditionsAndRanges(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "__files", "a.txt")
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte("static content"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "__files", "plain"), []byte("{}"), 0o644))
	written := time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, os.Chtimes(name, written, written))
	s := newServer(t, stubs.Options{Dir: dir})

	a := send(s, "GET", "/a.txt", "")
	assert.Equal(t, "static content", a.body)
	assert.Equal(t, "text/plain", a.header.Get("Content-Type"))
	assert.Equal(t, written.Format(http.TimeFormat), a.header.Get("Last-Modified"))
	a = send(s, "GET", "/a.txt", "", "Range", "bytes=0-1")
	assert.Equal(t, 206, a.status)
	assert.Equal(t, "st", a.body)
	assert.Equal(t, "bytes 0-1/14", a.header.Get("Content-Range"))
	assert.Equal(t, 304, send(s, "GET", "/a.txt", "", "If-Modified-Since", written.Format(http.TimeFormat)).status)
	require.NoError(t, os.WriteFile(name, bytes.Repeat([]byte("x"), 500), 0o644))
	a = send(s, "GET", "/a.txt", "", "Accept-Encoding", "gzip")
	assert.Equal(t, []string{"gzip", strconv.Itoa(len(a.body))}, []string{a.header.Get("Content-Encoding"), a.header.Get("Content-Length")})
	assert.Less(t, len(a.body), 100)
	assert.Empty(t, send(s, "GET", "/a.txt", "", "Accept-Encoding", "gzip", "Range", "bytes=0-1").header.Get("Content-Encoding"))
	assert.Equal(t, "application/json", send(s, "GET", "/plain", "").header.Get("Content-Type"))
}

// The journal shows bodies as text in their own charset.
func TestJournalDecodesBodies(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/a"},"response":{"base64Body":"6Q==","headers":{"content-type":"text/plain; charset=iso-8859-1"}}}`)
	require.Equal(t, 200, send(s, "POST", "/a", "\xfc", "Content-Type", "text/plain; charset=iso-8859-1").status)
	journal := send(s, "GET", "/__admin/requests", "").body
	assert.Contains(t, journal, `"body" : "ü"`)
	assert.Contains(t, journal, `"body" : "é"`)
}
