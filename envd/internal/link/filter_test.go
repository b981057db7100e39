package link

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// send runs pieces that come in at the given milliseconds through toxics, and writes what comes out as "data@ms".
func send(t *testing.T, toxics []Toxic, in ...piece) (out []string) {
	t.Helper()
	var stages []*stage
	c := &conn{poisoned: map[*toxic]bool{}}
	for _, tt := range toxics {
		require.NoError(t, tt.complete())
		x := &toxic{tt, newMeter()}
		stages = append(stages, &stage{toxic: x, filter: x.filter(), conn: c, mark: &mark{}})
	}
	for _, p := range in {
		run(stages, p, func(q piece) {
			text := string(q.data) + map[ending]string{open: "", eof: "EOF", cut: "CUT", reset: "RST"}[q.end]
			out = append(out, text+"@"+q.due.Sub(start).String())
		})
	}
	return out
}

func at(ms int, data string) piece {
	p := piece{data: []byte(data), read: start.Add(time.Duration(ms) * time.Millisecond)}
	p.due = p.read
	if data == "" {
		p.end = eof
	}
	return p
}

func TestFilters(t *testing.T) {
	a := func(pairs ...any) map[string]float64 {
		m := map[string]float64{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = float64(pairs[i+1].(int))
		}
		return m
	}
	for _, tt := range []struct {
		name   string
		toxics []Toxic
		in     []piece
		want   []string
	}{
		{"latency holds each piece up, and the end no longer than the data", []Toxic{{Type: "latency", Attributes: a("latency", 100)}},
			[]piece{at(0, "a"), at(30, "b"), at(40, "")}, []string{"a@100ms", "b@130ms", "EOF@130ms"}},
		{"bandwidth: 1 kB/s", []Toxic{{Type: "bandwidth", Attributes: a("rate", 1)}},
			[]piece{at(0, strings.Repeat("x", 250)), at(1000, "y")},
			[]string{strings.Repeat("x", 100) + "@100ms", strings.Repeat("x", 100) + "@200ms", strings.Repeat("x", 50) + "@250ms", "y@1.001s"}},
		{"bandwidth without a rate does nothing", []Toxic{{Type: "bandwidth"}}, []piece{at(0, "a")}, []string{"a@0s"}},
		{"bandwidth keeps the end behind the data", []Toxic{{Type: "bandwidth", Attributes: a("rate", 1)}},
			[]piece{at(0, "0123456789"), at(0, "")}, []string{"0123456789@10ms", "EOF@10ms"}},
		{"slow_close", []Toxic{{Type: "slow_close", Attributes: a("delay", 70)}}, []piece{at(0, "a"), at(5, "")}, []string{"a@0s", "EOF@75ms"}},
		{"timeout drops", []Toxic{{Type: "timeout"}}, []piece{at(0, "a"), at(5, "")}, nil},
		{"reset_peer after data", []Toxic{{Type: "reset_peer", Attributes: a("timeout", 20)}}, []piece{at(3, "a"), at(5, "b")}, []string{"RST@23ms"}},
		{"slicer", []Toxic{{Type: "slicer", Attributes: a("average_size", 2, "delay", 1000)}}, []piece{at(0, "abcde"), at(9, "")},
			[]string{"ab@0s", "cd@1ms", "e@2ms", "EOF@9ms"}},
		{"limit_data", []Toxic{{Type: "limit_data", Attributes: a("bytes", 3)}}, []piece{at(0, "ab"), at(1, "cd"), at(2, "e")},
			[]string{"ab@0s", "c@1ms", "CUT@1ms", "CUT@2ms"}},
		{"a chain, in its order", []Toxic{{Type: "latency", Attributes: a("latency", 100)}, {Type: "slicer", Attributes: a("average_size", 1, "delay", 10000)}},
			[]piece{at(0, "ab")}, []string{"a@100ms", "b@110ms"}},
	} {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, send(t, tt.toxics, tt.in...)) })
	}
}

func TestLatencyNeverReorders(t *testing.T) {
	for _, toxic := range []Toxic{
		{Type: "latency", Attributes: map[string]float64{"latency": 50, "jitter": 50}},
		{Type: "latency", Attributes: map[string]float64{"median": 50, "sigma": 1}},
	} {
		last, least, most := start, time.Hour, time.Duration(0)
		close := (&toxicOf{toxic}).filter(t)
		for i := range 1000 {
			close.pass(at(i, "x"), func(q piece) {
				assert.False(t, q.due.Before(last))
				last = q.due
			})
		}
		apart := (&toxicOf{toxic}).filter(t)
		for i := range 1000 {
			p := at(i*10_000, "x")
			apart.pass(p, func(q piece) { least, most = min(least, q.due.Sub(p.due)), max(most, q.due.Sub(p.due)) })
		}
		assert.Less(t, least, 25*time.Millisecond, "%v spreads", toxic)
		assert.GreaterOrEqual(t, least, time.Duration(0))
		assert.Greater(t, most, 75*time.Millisecond, "%v spreads", toxic)
	}
}

type toxicOf struct{ Toxic }

func (o *toxicOf) filter(t *testing.T) filter {
	require.NoError(t, o.complete())
	return (&toxic{o.Toxic, newMeter()}).filter()
}

func TestTimeoutKeepsItsTimeOverChanges(t *testing.T) {
	f := &timeout{after: time.Second}
	first, ok := f.start(start)
	require.True(t, ok)
	assert.Equal(t, cut, first.end)
	again, _ := f.start(start.Add(300 * time.Millisecond))
	assert.Equal(t, start.Add(time.Second), again.due)
	_, ok = (&timeout{}).start(start)
	assert.False(t, ok, "a timeout of 0 never closes")
}
