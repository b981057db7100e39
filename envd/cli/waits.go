package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd/internal/plan"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// When to say that an operation is still under way: after liveWait in the last line of a terminal, which is looked after every
// waitStep; elsewhere after plainWait, and again each time that it has taken twice as long.
const (
	waitStep  = 500 * time.Millisecond
	liveWait  = time.Second
	plainWait = 10 * time.Second
)

// operation keeps account of what is under way.
func (p *progress) operation(n runner.Notice) {
	switch n.Event {
	case "":
	case plan.Started:
		if p.underWay == nil {
			p.underWay = map[string]time.Time{}
		}
		p.underWay[n.Step] = n.Time
	default:
		delete(p.underWay, n.Step)
	}
}

// own are the operations that this progress was told of.
func (p *progress) own() map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.underWay)
}

// watch says of operations that take long that they are under way, until it is stopped.
func (p *progress) watch(underWay func() map[string]time.Time) (stop func()) {
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(waitStep)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				p.waits(underWay(), now)
			case <-ended:
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		close(ended)
		watching.Wait()
		p.close()
	})
}

func (p *progress) waits(underWay map[string]time.Time, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	inOrder := slices.SortedFunc(maps.Keys(underWay), func(a, b string) int {
		return cmp.Or(underWay[a].Compare(underWay[b]), strings.Compare(a, b))
	})
	if !p.live {
		p.tellWaits(inOrder, underWay, now)
		return
	}
	if now.Sub(p.sampled) < 2*time.Second { // the line is the load's, which comes every second
		return
	}
	var texts []string
	for _, id := range inOrder {
		if age := now.Sub(underWay[id]); age >= liveWait {
			texts = append(texts, fmt.Sprintf("%s %s", id, age.Truncate(time.Second)))
		}
	}
	if len(texts) == 0 {
		p.clear()
		return
	}
	p.rewrite(strings.Join(texts, ", "))
}

func (p *progress) tellWaits(inOrder []string, underWay map[string]time.Time, now time.Time) {
	maps.DeleteFunc(p.told, func(id string, _ time.Duration) bool { _, still := underWay[id]; return !still })
	for _, id := range inOrder {
		age := now.Sub(underWay[id])
		if age < max(plainWait, 2*p.told[id]) {
			continue
		}
		if p.told == nil {
			p.told = map[string]time.Duration{}
		}
		p.told[id] = age
		p.line("…", fmt.Sprintf("%s: under way for %s", id, age.Truncate(time.Second)))
	}
}
