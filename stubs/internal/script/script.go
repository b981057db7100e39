package script

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// Render renders a template over the request, with the session's key and the values so far.
type Render func(template, session string, values Values) (string, error)

// Script is the extension of one stub at work. It is safe for concurrent use.
type Script struct {
	*mapping.Extension
	response *mapping.ResponseDefinition // the stub's own

	seed  uint64 // 0 is really random
	limit int    // sessions that are counted for

	mu        sync.Mutex
	shared    progress
	bySession map[string]*progress
	weights   float64 // sum
}

var none = &mapping.Extension{}

// New prepares what a stub and its response ask for. With a seed other than 0 the n-th request of a session always gets the
// same draw, however requests to other stubs fall in between.
func New(m *mapping.StubMapping, seed uint64, limits Limits) *Script {
	s := &Script{Extension: m.Extension, response: m.Response, seed: seed, limit: limits.Sessions}
	if s.Extension == nil {
		s.Extension = none
	}
	if s.limit == 0 {
		s.limit = DefaultSessions
	}
	for _, a := range s.Alternatives {
		s.weights += a.Extension.Weight
	}
	return s
}

// progress is what is counted per session. It is guarded by the session's mutex.
type progress struct {
	requests uint64
	step     uint64 // of the sequence
	full     time.Time
}

func (s *Script) progress(session string) *progress {
	if session == "" {
		return &s.shared
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.bySession[session]
	if p != nil {
		return p
	}
	if s.bySession == nil {
		s.bySession = map[string]*progress{}
	}
	if s.limit > 0 && len(s.bySession) >= s.limit {
		for other := range s.bySession { // any: the stub has seen more clients than it can count for
			delete(s.bySession, other)
			break
		}
	}
	p = &progress{}
	s.bySession[session] = p
	return p
}

// Reset starts sequences, counts and limits anew. The caller has stopped or tolerates requests under way.
func (s *Script) Reset(store *Store) {
	store.shared.mu.Lock()
	defer store.shared.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shared, s.bySession = progress{}, nil
}

// Scenario is the stub's scenario, or one that always allows.
type Scenario interface {
	Allows() bool // without a step
	Enter() bool  // makes the step
}

// Turn is how a request is answered.
type Turn struct {
	Response *mapping.ResponseDefinition // nil only for what is limited
	Session  string
	Values   Values
	// RetryAfter is how long a request came too early: it is answered with the limit's response, or 429 when that has none.
	RetryAfter time.Duration
	Err        error // the state could not be changed
}

// Take decides on a request that fits the stub's pattern. It reports false when the stub does not take it: a condition on
// the state does not hold, the scenario does not allow it, or the sequence has stopped.
func (s *Script) Take(store *Store, session string, now time.Time, scenario Scenario, render Render) (Turn, bool) {
	in := store.Session(session)
	in.mu.Lock()
	defer in.mu.Unlock()
	values, p := in.Values(), s.progress(session)
	if s.refusal(values, p) != "" {
		return Turn{}, false
	}
	turn := Turn{Session: session, Values: values}
	if wait := p.wait(s.RateLimit, now); wait > 0 {
		turn.Response, turn.RetryAfter = s.RateLimit.Response, wait
		return turn, scenario.Allows()
	}
	if !scenario.Enter() {
		return Turn{}, false
	}
	p.let(s.RateLimit, now)
	p.requests++
	turn.Response = s.choose(session, p)
	turn.Values, turn.Err = s.change(store, in, turn.Response, render)
	return turn, true
}

// Refusal says why the stub does not take a request of the session although its pattern fits; "" when it would.
func (s *Script) Refusal(store *Store, session string) string {
	in := store.Session(session)
	in.mu.Lock()
	defer in.mu.Unlock()
	return s.refusal(in.Values(), s.progress(session))
}

func (s *Script) refusal(values Values, p *progress) string {
	for _, w := range s.When {
		v, ok := values[w.Name]
		value := match.Absent()
		if ok {
			value = match.Text(v)
		}
		if !w.Pattern.Exact(value) {
			return fmt.Sprintf("state %s is %q, not %s %s", w.Name, v, w.Pattern.Name(), w.Pattern.Expected())
		}
	}
	if s.Then == mapping.Stop && len(s.Sequence) > 0 && p.step >= uint64(len(s.Sequence)) {
		return fmt.Sprintf("its sequence of %d responses has ended", len(s.Sequence))
	}
	return ""
}

// choose picks the response to the p.requests-th request.
func (s *Script) choose(session string, p *progress) *mapping.ResponseDefinition {
	for _, a := range s.Alternatives {
		if n, every := uint64(a.Extension.Nth), uint64(a.Extension.Every); n == p.requests || every > 0 && p.requests%every == 0 {
			return a
		}
	}
	if a := s.draw(session, p.requests); a != nil {
		return a
	}
	if len(s.Sequence) == 0 {
		return s.response
	}
	step, last := p.step, uint64(len(s.Sequence)-1)
	p.step++
	if s.Then == mapping.Loop {
		return s.Sequence[step%(last+1)]
	}
	return s.Sequence[min(step, last)]
}

// draw picks an alternative by its share, or of the rest by its weight.
func (s *Script) draw(session string, n uint64) *mapping.ResponseDefinition {
	u := s.uniform(session, n)
	shares := 0.0
	for _, a := range s.Alternatives {
		if x := a.Extension; x.Share > 0 {
			if shares += x.Share; u < shares {
				return a
			}
		}
	}
	if s.weights == 0 || shares >= 1 {
		return nil
	}
	u = (u - shares) / (1 - shares) * s.weights
	var last *mapping.ResponseDefinition
	for _, a := range s.Alternatives {
		if w := a.Extension.Weight; w > 0 {
			if last = a; u < w {
				return a
			}
			u -= w
		}
	}
	return last // rounding
}

// uniform draws from [0, 1).
func (s *Script) uniform(session string, n uint64) float64 {
	if s.seed == 0 {
		return rand.Float64()
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(session)) // never fails
	return rand.New(rand.NewPCG(s.seed^h.Sum64(), n)).Float64()
}

// change applies the changes of the stub and of the response, all or none.
func (s *Script) change(store *Store, in *Session, response *mapping.ResponseDefinition, render Render) (Values, error) {
	steps := s.Change
	if response.Extension != nil {
		steps = append(steps[:len(steps):len(steps)], response.Extension.Change...)
	}
	old := in.Values()
	if len(steps) == 0 {
		return old, nil
	}
	values := maps.Clone(old)
	if values == nil {
		values = Values{}
	}
	for _, a := range steps {
		if err := values.assign(a, in.Key, render); err != nil {
			return old, err
		}
	}
	if err := store.replace(in, values); err != nil {
		return old, err
	}
	return values, nil
}

func (v Values) assign(a mapping.Assignment, session string, render Render) error {
	switch {
	case a.Remove:
		delete(v, a.Key)
	case a.IsAdd:
		n := 0.0
		if text := v[a.Key]; text != "" {
			var err error
			if n, err = strconv.ParseFloat(text, 64); err != nil {
				return fmt.Errorf("state %s is %q: nothing can be added to it", a.Key, text)
			}
		}
		v[a.Key] = strconv.FormatFloat(n+a.Add, 'f', -1, 64)
	default:
		text, err := render(a.Value, session, v)
		if err != nil {
			return fmt.Errorf("state %s: %w", a.Key, err)
		}
		v[a.Key] = text
	}
	return nil
}

// wait is how long a request comes too early; 0 lets it through. The bucket holds as many requests as the limit lets
// through in its interval and fills evenly: full is when it will be full again.
func (p *progress) wait(l *mapping.RateLimit, now time.Time) time.Duration {
	if l == nil || !p.full.After(now) {
		return 0
	}
	each := l.Per / time.Duration(l.Requests)
	return max(0, p.full.Sub(now)-(l.Per-each))
}

func (p *progress) let(l *mapping.RateLimit, now time.Time) {
	if l == nil {
		return
	}
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(l.Per / time.Duration(l.Requests))
}
