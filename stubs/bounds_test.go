package stubs_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

const someID = "11111111-1111-4111-8111-111111111111"

func TestStubsWithALifetime(t *testing.T) {
	c := newClock()
	s := newServer(t, stubs.Options{Clock: c.Now},
		`{"request":{"url":"/x"},"response":{"body":"short"},"envd":{"ttl":"10m"}}`,
		`{"priority":9,"request":{"url":"/x"},"response":{"body":"for ever"}}`)
	assert.Equal(t, "short", bodies(s, 1, "/x"))
	c.advance(10*time.Minute - time.Nanosecond)
	assert.Equal(t, "short", bodies(s, 1, "/x"))
	c.advance(time.Nanosecond)
	assert.Equal(t, "for ever", bodies(s, 1, "/x"))
	assert.Contains(t, send(s, "GET", "/__admin/mappings", "").body, `"total" : 1`)
	assert.Len(t, s.Stubs(), 1)
	send(s, "POST", "/__admin/reset", "")
	assert.Equal(t, "short", bodies(s, 1, "/x"), "a reset brings the defaults back, with a new lifetime")
}

func TestALifetimeIsThatOfTheStubStoredLast(t *testing.T) {
	c := newClock()
	s := newServer(t, stubs.Options{Clock: c.Now})
	put := func(method, path, ttl string) {
		a := send(s, method, path, `{"id":"`+someID+`","request":{"url":"/x"},"response":{"body":"ok"}`+ttl+`}`)
		require.Less(t, a.status, 300, a.body)
	}
	put("POST", "/__admin/mappings", `,"envd":{"ttl":"1m"}`)
	c.advance(40 * time.Second)
	put("PUT", "/__admin/mappings/"+someID, `,"envd":{"ttl":"1m"}`)
	c.advance(40 * time.Second)
	assert.Equal(t, "ok", bodies(s, 1, "/x"), "an edit begins a new lifetime")
	put("PUT", "/__admin/mappings/"+someID, "")
	c.advance(time.Hour)
	assert.Equal(t, "ok", bodies(s, 1, "/x"), "or ends its being one")
}

func TestUnusedForgetsWhatHasEnded(t *testing.T) {
	c := newClock()
	s := newServer(t, stubs.Options{Clock: c.Now}, `{"request":{"url":"/x"},"envd":{"ttl":"1s"}}`)
	assert.Len(t, s.Unused(), 1)
	c.advance(time.Second)
	assert.Empty(t, s.Unused())
}

func TestStubsAreBounded(t *testing.T) {
	s := newServer(t, stubs.Options{MaxStubs: 3}, `{"id":"`+someID+`","request":{"url":"/1"}}`)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			send(s, "POST", "/__admin/mappings", fmt.Sprintf(`{"request":{"url":"/more/%d"}}`, i))
		})
	}
	wg.Wait()
	assert.Len(t, s.Stubs(), 3)
	a := send(s, "POST", "/__admin/mappings", `{"request":{"url":"/2"}}`)
	assert.Equal(t, 422, a.status)
	assert.Contains(t, a.body, "as many stubs as it may: 3")
	assert.Equal(t, 200, send(s, "PUT", "/__admin/mappings/"+someID, `{"request":{"url":"/changed"}}`).status, "editing adds none")
	assert.Equal(t, 200, send(s, "DELETE", "/__admin/mappings/"+someID, "").status)
	assert.Equal(t, 201, send(s, "POST", "/__admin/mappings", `{"request":{"url":"/2"}}`).status)

	s, err := stubs.New(stubs.Options{MaxStubs: 1, FS: fstest.MapFS{"mappings/m.json": {Data: []byte(`{"mappings":[{},{},{}]}`)}}})
	require.ErrorContains(t, err, "2 of 3 mappings were left out")
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	assert.Len(t, s.Stubs(), 1)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestTheJournalKeepsNoState changes one key of a large state again and again.
func TestTheJournalKeepsNoState(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"envd":{"add":{"n":1}}}`)
	for i := range 1000 {
		require.NoError(t, s.SetState("", fmt.Sprintf("key-%d", i), strings.Repeat("v", 100)))
	}
	before := heap()
	for range 1000 {
		send(s, "GET", "/x", "")
	}
	assert.Less(t, int64(heap())-int64(before), int64(8<<20), "1,000 requests with what each of them knew would be 80 MB")
	assert.Equal(t, "1000", s.State("")["n"])
}

func TestLongSessionKeysAreToldApart(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"envd":{"session":{"header":"C"},"sequence":[{"body":"a"},{"body":"b"}]}}`)
	long := strings.Repeat("x", 5000)
	assert.Equal(t, "a b", bodies(s, 2, "/x", "C", long+"1"))
	assert.Equal(t, "a", bodies(s, 1, "/x", "C", long+"2"))
}

// TestMemoryIsBoundedByDefault serves far more than the default bounds of the journal and the state keep.
func TestMemoryIsBoundedByDefault(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"urlPath":"/x"},"response":{"body":"ok"},"envd":{"session":{"query":"c"},"set":{"last":"{{request.body}}"}}}`)
	body := strings.Repeat("x", 4<<10)
	before := heap()
	for i := range 20_000 { // 80 MB of bodies, and of state
		send(s, "POST", fmt.Sprintf("/x?c=%d", i), body)
	}
	grown := int64(heap()) - int64(before)
	t.Logf("%d MiB after 20,000 requests of 4 KiB from as many clients", grown>>20)
	assert.Less(t, grown, int64(56<<20), "16 MiB of journal, 16 MiB of state, and what they cost")
	runtime.KeepAlive(s)
}

func TestFilesInMemoryAreBounded(t *testing.T) {
	s := newServer(t, stubs.Options{MaxFiles: 1_000})
	put := func(name string, size int) int {
		return send(s, "PUT", "/__admin/files/"+name, strings.Repeat("x", size)).status
	}
	assert.Equal(t, 200, put("a", 700))
	assert.Equal(t, 413, put("b", 700))
	assert.Equal(t, 404, send(s, "GET", "/__admin/files/b", "").status)
	assert.Equal(t, 200, put("a", 800), "what is replaced counts once")
	assert.Equal(t, 200, send(s, "DELETE", "/__admin/files/a", "").status)
	assert.Equal(t, 200, put("b", 700), "what was removed no more")
	over := newServer(t, stubs.Options{MaxFiles: 1_000, FS: fstest.MapFS{"__files/base": {Data: make([]byte, 5_000)}}})
	assert.Equal(t, 200, send(over, "DELETE", "/__admin/files/base", "").status)
	assert.Equal(t, 404, send(over, "GET", "/__admin/files/base", "").status)
	assert.Equal(t, 200, send(over, "PUT", "/__admin/files/base", "new").status)
	assert.Equal(t, "new", send(over, "GET", "/__admin/files/base", "").body)
}
