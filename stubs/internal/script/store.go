// Package script is what stubs do beyond answering alike each time: sequences, alternatives by share or by count, rate
// limits, and a state of keys and values that outlives requests.
package script

import (
	"container/list"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Limits bound what a Store remembers. Whichever is reached first drops the sessions that were used least recently.
type Limits struct {
	Sessions int   // 0 is DefaultSessions, negative is no limit
	Bytes    int64 // of keys and values; 0 is DefaultBytes, negative is no limit
}

// The limits of a store that gives none.
const (
	DefaultSessions = 10_000
	DefaultBytes    = 16 << 20
)

// ErrFull is the error of a change for which the store has no room even without all other sessions.
var ErrFull = errors.New("the state is full")

// Values are the keys and values of a session. They are replaced, never changed.
type Values map[string]string

// Session is the state of one client, or with the empty key that of all who have none. A session that was dropped for
// the limits begins anew when its client comes back.
type Session struct {
	Key string

	mu     sync.Mutex // held while a request is decided on, so that what it reads and changes is one step
	values atomic.Pointer[Values]
	size   int64         // guarded by the store's mutex
	place  *list.Element // in the store's order of use; nil for the shared session
}

// Values returns the keys and values now.
func (s *Session) Values() Values {
	if v := s.values.Load(); v != nil {
		return *v
	}
	return nil
}

// Store is the state of one server. The zero value is empty, with the default limits.
type Store struct {
	Limits Limits

	mu     sync.Mutex
	shared Session
	byKey  map[string]*Session
	used   list.List // of *Session, most recently used first
	bytes  int64
}

const sessionOverhead = 256 // a session's own size, roughly

// Session returns the session with the key, a new one if there is none.
func (t *Store) Session(key string) *Session {
	if key == "" {
		return &t.shared
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.byKey[key]; s != nil {
		t.used.MoveToFront(s.place)
		return s
	}
	if t.byKey == nil {
		t.byKey = map[string]*Session{}
	}
	s := &Session{Key: key, size: int64(len(key)) + sessionOverhead}
	s.place = t.used.PushFront(s)
	t.byKey[key] = s
	t.bytes += s.size
	t.trim(s)
	return s
}

// trim drops the least recently used sessions until the store is within its limits, but never keep.
func (t *Store) trim(keep *Session) {
	sessions, bytes := t.limits()
	for t.used.Len() > 0 && (sessions > 0 && t.used.Len() > sessions || bytes > 0 && t.bytes > bytes) {
		last := t.used.Back().Value.(*Session)
		if last == keep {
			return
		}
		t.drop(last)
	}
}

func (t *Store) limits() (sessions int, bytes int64) {
	sessions, bytes = t.Limits.Sessions, t.Limits.Bytes
	if sessions == 0 {
		sessions = DefaultSessions
	}
	if bytes == 0 {
		bytes = DefaultBytes
	}
	return sessions, bytes
}

func (t *Store) drop(s *Session) {
	t.used.Remove(s.place)
	delete(t.byKey, s.Key)
	t.bytes -= s.size
}

// replace makes values those of the session, which the caller has locked. Its only error is ErrFull.
func (t *Store) replace(s *Session, values Values) error {
	size := int64(0)
	if s.place != nil {
		size = int64(len(s.Key)) + sessionOverhead
	}
	for k, v := range values {
		size += int64(len(k) + len(v))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, limit := t.limits(); limit > 0 && size > s.size && size+t.fixed(s) > limit {
		return ErrFull
	}
	if s == &t.shared || t.byKey[s.Key] == s { // not dropped meanwhile
		t.bytes += size - s.size
	}
	s.size = size
	s.values.Store(&values)
	t.trim(s)
	return nil
}

// fixed is the size of what trim cannot drop beside s.
func (t *Store) fixed(s *Session) int64 {
	if s == &t.shared {
		return 0
	}
	return t.shared.size
}

// Get returns the values of a session, nil when it has none. It does not count as use.
func (t *Store) Get(key string) Values {
	if key == "" {
		return t.shared.Values()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.byKey[key]; s != nil {
		return s.Values()
	}
	return nil
}

// Set gives a key of a session a value.
func (t *Store) Set(session, key, value string) error {
	s := t.Session(session)
	s.mu.Lock()
	defer s.mu.Unlock()
	values := maps.Clone(s.Values())
	if values == nil {
		values = Values{}
	}
	values[key] = value
	return t.replace(s, values)
}

// Sessions are the keys of the sessions that have values, sorted.
func (t *Store) Sessions() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var keys []string
	for key, s := range t.byKey {
		if len(s.Values()) > 0 {
			keys = append(keys, key)
		}
	}
	if len(t.shared.Values()) > 0 {
		keys = append(keys, "")
	}
	slices.Sort(keys)
	return keys
}

// Reset forgets everything.
func (t *Store) Reset() {
	t.shared.mu.Lock()
	defer t.shared.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shared.values.Store(nil)
	t.shared.size, t.bytes = 0, 0
	t.byKey = nil
	t.used.Init()
}
