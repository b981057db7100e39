package event

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// ServeEvent is a request and how it was served. The fields are set until the response is about to be sent, when the
// event enters the journal; from then on only the timing and the sub-events change, both safely.
type ServeEvent struct {
	Request *Request
	Stub    *mapping.StubMapping // nil when no stub matched
	// Definition is the response definition that was served, after templating; nil is the one of Stub.
	Definition *mapping.ResponseDefinition
	// Forwarded says that the request went to the target that a browser named, whether or not that answered.
	Forwarded bool
	// Response is what was sent.
	Response Response
	Timing   Timing
	// Passed are the stubs that were tried before and may have something to say about the request (requestmatch.Findings),
	// which is found out when the event is looked at.
	Passed []*mapping.StubMapping
	// State is what the stub's script knew; nil for a stub without one.
	State *State

	// Charge is how many bytes the journal counts for the event, 0 when it is in none. Only the journal looks at it.
	Charge int64

	mu        sync.Mutex
	subEvents []SubEvent
	keeper    Keeper
}

// Keeper hears of events that grow while it keeps them.
type Keeper interface {
	Grew(e *ServeEvent, bytes int)
}

// KeptBy makes k hear of sub-events to come, and returns the bytes of those so far.
func (e *ServeEvent) KeptBy(k Keeper) (bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keeper = k
	for _, s := range e.subEvents {
		bytes += s.size()
	}
	return bytes
}

// Response is the response as sent, before compression and transfer coding.
type Response struct {
	Status  int
	Message string
	Header  http.Header
	Body    []byte
	Fault   mapping.Fault
	Proxied bool // the response came from proxyBaseUrl: recordings look at these
	Failed  bool // it says that no response could be made: WireMock journals no such event
}

// Matched reports whether a stub answered.
func (e *ServeEvent) Matched() bool { return e.Stub != nil }

// Answered reports whether a stub or a browser's target answered; the others are WireMock's unmatched requests.
func (e *ServeEvent) Answered() bool { return e.Stub != nil || e.Forwarded }

// Served is the response definition that was served, or nil.
func (e *ServeEvent) Served() *mapping.ResponseDefinition {
	if e.Definition == nil && e.Stub != nil {
		return e.Stub.Response
	}
	return e.Definition
}

// Timing says how long the phases of serving took. It may be read while the response is still being sent.
type Timing struct{ addedDelay, process, send atomic.Int64 }

// SetAddedDelay notes the delay that the stub or the settings asked for.
func (t *Timing) SetAddedDelay(d time.Duration) { t.addedDelay.Store(int64(d)) }

// SetProcess notes the time from the request's arrival until the response was ready.
func (t *Timing) SetProcess(d time.Duration) { t.process.Store(int64(d)) }

// SetSend notes the time that writing the response took.
func (t *Timing) SetSend(d time.Duration) { t.send.Store(int64(d)) }

// AddedDelay is the delay asked for.
func (t *Timing) AddedDelay() time.Duration { return time.Duration(t.addedDelay.Load()) }

// Process is the time until the response was ready.
func (t *Timing) Process() time.Duration { return time.Duration(t.process.Load()) }

// Send is the time that writing took.
func (t *Timing) Send() time.Duration { return time.Duration(t.send.Load()) }

// SubEvent is something noteworthy while serving: a template error, a webhook's request and response …
type SubEvent struct {
	Type   string        // REQUEST_NOT_MATCHED, JSON_ERROR, XML_ERROR, WEBHOOK_REQUEST, WEBHOOK_RESPONSE, INFO, WARNING, ERROR
	Offset time.Duration // from the request's arrival; negative when it was not measured
	Data   *jsondoc.Object
}

// AddSubEvent appends a sub-event; its offset is measured from the request's arrival.
func (e *ServeEvent) AddSubEvent(kind string, now time.Time, data *jsondoc.Object) {
	s := SubEvent{kind, now.Sub(e.Request.Received), data}
	e.mu.Lock()
	e.subEvents = append(e.subEvents, s)
	keeper := e.keeper
	e.mu.Unlock()
	if keeper != nil {
		keeper.Grew(e, s.size())
	}
}

// valueOverhead is what a value takes beside its text, roughly.
const valueOverhead = 48

func (s *SubEvent) size() int { return valueOverhead + sizeOf(s.Data) }

func sizeOf(v any) int {
	n := valueOverhead
	switch t := v.(type) {
	case string:
		n += len(t)
	case jsondoc.Number:
		n += len(t)
	case []any:
		for _, e := range t {
			n += sizeOf(e)
		}
	case *jsondoc.Object:
		if t == nil {
			break
		}
		for _, m := range t.Members() {
			n += len(m.Name) + sizeOf(m.Value)
		}
	}
	return n
}

// SubEvents returns a copy of the sub-events so far.
func (e *ServeEvent) SubEvents() []SubEvent {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]SubEvent(nil), e.subEvents...)
}
