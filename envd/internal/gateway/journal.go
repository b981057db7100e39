package gateway

import (
	"sync"

	"github.com/envd-dev/envd/stubs"
)

// journalBuffer is how many served requests a subscriber may lag behind before some are counted as lost.
const journalBuffer = 1 << 14

// journal passes served requests on to subscribers. Serving never waits for a subscriber.
type journal struct {
	mu    sync.Mutex
	feeds map[chan Served]struct{}
	lost  int64
}

func (j *journal) publish(s Served) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for feed := range j.feeds {
		select {
		case feed <- s:
		default:
			j.lost++
		}
	}
}

// record returns the function that an engine calls for every request served for host.
func (j *journal) record(host string) func(stubs.Served) {
	return func(s stubs.Served) {
		j.publish(Served{
			Time: s.Time, Host: host, Method: s.Method, Path: s.Path, Status: s.Status, Matched: s.Matched,
			Mapping: s.StubID, Fault: s.FaultID, Duration: s.Duration,
		})
	}
}

func (j *journal) subscribe() (feed <-chan Served, leave func()) {
	c := make(chan Served, journalBuffer)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.feeds == nil {
		j.feeds = map[chan Served]struct{}{}
	}
	j.feeds[c] = struct{}{}
	return c, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.feeds, c)
	}
}

// end closes all feeds: what was served before can still be read from them.
func (j *journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for feed := range j.feeds {
		close(feed)
	}
	clear(j.feeds)
}

func (j *journal) missed() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lost
}
