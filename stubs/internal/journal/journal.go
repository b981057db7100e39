// Package journal keeps the serve events of one server, newest last, bounded in number and in bytes.
package journal

import (
	"net/http"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/event"
)

// Limits bound a journal. Whichever is reached first drops the oldest events.
type Limits struct {
	Disabled bool
	Entries  int   // most events kept; 0 is DefaultEntries, negative is no limit
	Bytes    int64 // most bytes of requests, responses and sub-events kept; 0 is DefaultBytes, negative is no limit
}

// The limits of a journal that gives none.
const (
	DefaultEntries = 10_000
	DefaultBytes   = 16 << 20
)

const entryOverhead = 512 // an event's own size, roughly

// Journal is a bounded list of serve events. Create it with New; it is safe for concurrent use.
type Journal struct {
	limits Limits

	mu    sync.Mutex
	ring  []*event.ServeEvent // len is a power of two, or 0
	head  int                 // oldest
	count int
	bytes int64
}

// New makes an empty journal; it allocates when the first event comes.
func New(l Limits) *Journal {
	if l.Entries == 0 {
		l.Entries = DefaultEntries
	}
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	return &Journal{limits: l}
}

// Disabled reports whether the journal keeps nothing.
func (j *Journal) Disabled() bool { return j.limits.Disabled }

// Add appends an event and drops the oldest ones that exceed the limits.
func (j *Journal) Add(e *event.ServeEvent) {
	if j.limits.Disabled {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.count == len(j.ring) {
		j.grow()
	}
	j.ring[(j.head+j.count)&(len(j.ring)-1)] = e
	j.count++
	e.Charge = size(e) + int64(e.KeptBy(j))
	j.bytes += e.Charge
	j.trim()
}

// Grew implements [event.Keeper]: sub-events come also after the event, those of webhooks for example.
func (j *Journal) Grew(e *event.ServeEvent, bytes int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Charge == 0 { // dropped meanwhile
		return
	}
	e.Charge += int64(bytes)
	j.bytes += int64(bytes)
	j.trim()
}

// trim drops the oldest events that exceed the limits; the newest stays however large it is.
func (j *Journal) trim() {
	for j.count > 0 && (j.limits.Entries > 0 && j.count > j.limits.Entries || j.limits.Bytes > 0 && j.bytes > j.limits.Bytes && j.count > 1) {
		j.drop()
	}
}

func (j *Journal) drop() {
	j.release(j.ring[j.head])
	j.ring[j.head] = nil
	j.head = (j.head + 1) & (len(j.ring) - 1)
	j.count--
}

func (j *Journal) release(e *event.ServeEvent) {
	j.bytes -= e.Charge
	e.Charge = 0
}

func (j *Journal) grow() {
	next := make([]*event.ServeEvent, max(16, 2*len(j.ring)))
	for i := range j.count {
		next[i] = j.ring[(j.head+i)&(len(j.ring)-1)]
	}
	j.ring, j.head = next, 0
}

func size(e *event.ServeEvent) int64 {
	n := entryOverhead + len(e.Request.URL) + len(e.Request.Body) + len(e.Request.Head)
	if e.Request.Head == nil {
		n += headerSize(e.Request.Header)
	}
	if e.Response.Proxied {
		n += headerSize(e.Response.Header)
	}
	if e.Stub == nil || len(e.Response.Body) != len(e.Stub.Response.Body) { // a static body belongs to the stub
		n += len(e.Response.Body)
	}
	return int64(n)
}

func headerSize(h http.Header) (n int) {
	for name, values := range h {
		n += len(name)
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}

// All returns the events, newest first.
func (j *Journal) All() []*event.ServeEvent {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]*event.ServeEvent, j.count)
	for i := range out {
		out[i] = j.ring[(j.head+j.count-1-i)&(len(j.ring)-1)]
	}
	return out
}

// Get returns the event of the request with the ID, or nil.
func (j *Journal) Get(id uuid.UUID) *event.ServeEvent {
	all := j.All()
	if i := slices.IndexFunc(all, func(e *event.ServeEvent) bool { return e.Request.ID == id }); i >= 0 {
		return all[i]
	}
	return nil
}

// Len is the number of events kept.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.count
}

// Clear removes all events.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.count > 0 {
		j.drop()
	}
	j.ring, j.head = nil, 0
}

// Remove takes out the events for which match holds and returns them, newest first. It asks about each event once and
// not under the journal's lock, so match may be slow.
func (j *Journal) Remove(match func(*event.ServeEvent) bool) []*event.ServeEvent {
	var gone []*event.ServeEvent
	dead := map[*event.ServeEvent]bool{}
	for _, e := range j.All() {
		if match(e) {
			gone, dead[e] = append(gone, e), true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := 0
	for i := range j.count {
		e := j.ring[(j.head+i)&(len(j.ring)-1)]
		if dead[e] {
			j.release(e)
			continue
		}
		j.ring[(j.head+kept)&(len(j.ring)-1)] = e
		kept++
	}
	for i := kept; i < j.count; i++ {
		j.ring[(j.head+i)&(len(j.ring)-1)] = nil
	}
	j.count = kept
	return gone
}
