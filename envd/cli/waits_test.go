package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/plan"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// shown returns what a progress writes when it looks after the operations so many seconds after its beginning.
func shown(p *progress, underWay map[string]time.Time, seconds ...int) []string {
	var screens []string
	for _, s := range seconds {
		var out bytes.Buffer
		p.out = &out
		p.waits(underWay, p.begin.Add(time.Duration(s)*time.Second))
		screens = append(screens, out.String())
	}
	return screens
}

func TestWaitsOnATerminal(t *testing.T) {
	begin := time.Now()
	p := &progress{live: true, width: func() int { return 41 }, begin: begin}
	underWay := map[string]time.Time{"service.ready db": begin.Add(2 * time.Second), "image.prepare app": begin}
	assert.Equal(t, []string{
		"", "\r\033[K  image.prepare app 1s", "\r\033[K  image.prepare app 4s, service.ready db", // cut off at the terminal's edge
	}, shown(p, underWay, 0, 1, 4))
	assert.Equal(t, []string{"\r\033[K", ""}, shown(p, nil, 5, 6), "what has ended goes, once")

	p.sample(&envd.Observation{Sample: &envd.Sample{Latency: &envd.Histogram{}}})
	p.sampled = begin.Add(7 * time.Second)
	assert.Equal(t, []string{"", "\r\033[K  image.prepare app 9s, service.ready db"}, shown(p, underWay, 8, 9), "the load's line stays while it is told of")
}

func TestWaitsElsewhere(t *testing.T) {
	begin := time.Now()
	p := &progress{begin: begin}
	underWay := map[string]time.Time{"image.prepare app": begin}
	var told []int
	for s, screen := range shown(p, underWay, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21) {
		if screen != "" {
			told = append(told, s)
			assert.Contains(t, screen, "… image.prepare app: under way for ")
		}
	}
	assert.Equal(t, []int{10, 20}, told)
	assert.Equal(t, []string{"", ""}, shown(p, nil, 22, 23))
	underWay["image.prepare app"] = begin.Add(30 * time.Second)
	assert.Equal(t, "", shown(p, underWay, 39)[0])
	assert.NotEqual(t, "", shown(p, underWay, 40)[0], "another one of that name is told of anew")
}

func TestProgressKnowsWhatIsUnderWay(t *testing.T) {
	p := &progress{out: &bytes.Buffer{}}
	at := time.Now()
	for _, n := range []runner.Notice{
		{Step: "a", Event: plan.Started, Time: at}, {Step: "b", Event: plan.Started, Time: at}, {Step: "c", Event: plan.Started, Time: at},
		{Step: "a", Event: plan.Succeeded}, {Step: "b", Event: plan.Failed, Failed: true}, {Step: "d", Event: plan.Skipped, Failed: true},
		{Step: "last look", Text: "no answer", Failed: true},
	} {
		p.notice(n)
	}
	assert.Equal(t, map[string]time.Time{"c": at}, p.own())
}
