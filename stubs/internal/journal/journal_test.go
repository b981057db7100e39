package journal

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func add(j *Journal, n int, body int) *event.ServeEvent {
	e := &event.ServeEvent{Request: &event.Request{ID: uuid.UUID{byte(n >> 8), byte(n)}, URL: "/" + strconv.Itoa(n), Body: make([]byte, body)}}
	j.Add(e)
	return e
}

func urls(j *Journal) (out []string) {
	for _, e := range j.All() {
		out = append(out, e.Request.URL)
	}
	return out
}

func TestEntriesAreBounded(t *testing.T) {
	j := New(Limits{Entries: 20})
	for n := range 50 {
		add(j, n, 0)
	}
	require.Equal(t, 20, j.Len())
	got := urls(j)
	assert.Equal(t, "/49", got[0])
	assert.Equal(t, "/30", got[19])
	assert.Nil(t, j.Get(uuid.UUID{0, 29}))
	assert.NotNil(t, j.Get(uuid.UUID{0, 30}))
}

func TestBytesAreBoundedButTheNewestStays(t *testing.T) {
	j := New(Limits{Bytes: 10_000})
	for n := range 10 {
		add(j, n, 3_000)
	}
	assert.Equal(t, []string{"/9", "/8"}, urls(j))
	add(j, 10, 50_000)
	assert.Equal(t, []string{"/10"}, urls(j))
}

// Headers count, and so do sub-events that come when the event is in the journal already.
func TestAllThatAnEventHoldsCounts(t *testing.T) {
	j := New(Limits{Bytes: 10_000})
	heavy := func(n int, r event.Request) *event.ServeEvent {
		r.ID, r.URL = uuid.UUID{byte(n)}, "/"+strconv.Itoa(n)
		e := &event.ServeEvent{Request: &r}
		j.Add(e)
		return e
	}
	heavy(1, event.Request{Head: make([]byte, 6_000)})
	heavy(2, event.Request{Header: http.Header{"X": {strings.Repeat("x", 6_000)}}})
	assert.Equal(t, []string{"/2"}, urls(j))
	last := heavy(3, event.Request{})
	assert.Equal(t, []string{"/3", "/2"}, urls(j))
	data := &jsondoc.Object{}
	data.Set("body", strings.Repeat("y", 6_000))
	last.AddSubEvent("WEBHOOK_RESPONSE", time.Now(), data)
	assert.Equal(t, []string{"/3"}, urls(j))
	heavy(4, event.Request{Body: make([]byte, 6_000)})
	assert.Equal(t, []string{"/4"}, urls(j))
	last.AddSubEvent("WEBHOOK_RESPONSE", time.Now(), data)
	assert.Equal(t, []string{"/4"}, urls(j), "what was dropped takes no place")
	j.Clear()
	assert.Zero(t, j.bytes)
}

func TestRemove(t *testing.T) {
	j := New(Limits{Entries: 8})
	for n := range 11 {
		add(j, n, 0)
	}
	gone := j.Remove(func(e *event.ServeEvent) bool { return len(e.Request.URL) == 2 })
	require.Len(t, gone, 7)
	assert.Equal(t, "/9", gone[0].Request.URL)
	assert.Equal(t, []string{"/10"}, urls(j))
	add(j, 12, 0)
	assert.Equal(t, []string{"/12", "/10"}, urls(j))
	assert.Empty(t, j.Remove(func(*event.ServeEvent) bool { return false }))
	j.Clear()
	assert.Zero(t, j.Len())
	add(j, 13, 0)
	assert.Equal(t, []string{"/13"}, urls(j))
}

func TestDisabled(t *testing.T) {
	j := New(Limits{Disabled: true})
	add(j, 1, 0)
	assert.Empty(t, j.All())
}

func TestConcurrentUse(t *testing.T) {
	j := New(Limits{Entries: 100})
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for n := range 500 {
				add(j, g*1000+n, n)
				if n%50 == 0 {
					j.Remove(func(e *event.ServeEvent) bool { return e.Request.ID[1]%3 == 0 })
					j.All()
				}
			}
		})
	}
	group.Wait()
	assert.LessOrEqual(t, j.Len(), 100)
}
