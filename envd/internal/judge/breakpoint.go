package judge

import (
	"fmt"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// brokenSeconds is how many unsteady seconds in a row make the breakpoint of a climbing load. A single stumble, over a
// garbage collection for example, does not count. Fewer are enough if the load ends with them.
const brokenSeconds = 3

// climb is how far a stage came under a load that climbs until it breaks.
type climb struct {
	held    float64 // the load's rate when it broke or ended, iterations per second
	broke   time.Time
	why     string
	seconds int64 // with requests
}

func (c climb) result() *envd.BreakpointResult {
	if c.seconds == 0 {
		return nil
	}
	r := &envd.BreakpointResult{Held: c.held, Why: c.why}
	if !c.broke.IsZero() {
		r.Broke = &c.broke
	}
	return r
}

func (c climb) text() string {
	if c.broke.IsZero() {
		return fmt.Sprintf("held up to %s, to the end of the load", quantity.RateFormat(c.held, 3))
	}
	return fmt.Sprintf("held up to %s, broke at %s when %s", quantity.RateFormat(c.held, 3), clock(c.broke), c.why)
}

// breakpoint finds the first of the unsteady seconds at which a climbing load broke. A second with dropped iterations is
// unsteady: there were more virtual users than any second before had needed. The rate follows from the time alone, since
// the schedule does not wait for the application.
func (j *judgement) breakpoint(s *envd.Stage) climb {
	seen, steady := j.stages[s.Name], describe(s.SteadyState)
	var c climb
	var first time.Time // of the current run of unsteady seconds
	var firstWhy string
	inRow := 0
	for i := range seen.seconds {
		sec := &seen.seconds[i]
		if sec.Requests == 0 && sec.Dropped == 0 {
			continue
		}
		c.seconds++
		why := steady.broken(sec)
		if sec.Dropped > 0 {
			why = quantity.Plural(sec.Dropped, "iteration") + " could not start, for want of a free virtual user"
		}
		if why == "" {
			inRow = 0
			continue
		}
		if inRow++; inRow == 1 {
			first, firstWhy = sec.Start.UTC(), why
		}
		if inRow == brokenSeconds {
			break
		}
	}
	until := seen.span().End
	if inRow > 0 {
		c.broke, c.why, until = first, firstWhy, first
	}
	c.held = s.Load.Rate * min(1, max(0, until.Sub(seen.span().Start).Seconds()/s.Load.Duration.Std().Seconds()))
	return c
}

// withstands compares the rates up to which climbing loads held with the one that is wanted; the lowest counts.
func (j *judgement) withstands(c envd.Condition) answer {
	worst := unanswered("no stage has a load that climbs until it breaks")
	for i := range j.spec.Stages {
		s := &j.spec.Stages[i]
		if !s.Load.Breaks() || c.Stage != "" && s.Name != c.Stage {
			continue
		}
		if a := j.withstandsIn(s, &c); worst.stage == "" || worse(a, worst, ">=") {
			worst = a
		}
	}
	return worst
}

// withstandsIn answers for one stage. As for thresholds, there is no pass under any doubt, and no failure under a doubt
// that explains it.
func (j *judgement) withstandsIn(s *envd.Stage, c *envd.Condition) answer {
	at, doubts := j.breakpoint(s), j.doubts(s)
	a := answer{stage: s.Name, measured: at.held, samples: at.seconds}
	if at.seconds == 0 {
		a.outcome, a.told, a.message = envd.Inconclusive, len(doubts) > 0, fmt.Sprintf("stage %s has no second with requests", s.Name)
		return a
	}
	w := j.stages[s.Name].span()
	a.window = &w
	a.outcome = passIf(at.held >= c.Value)
	a.message = fmt.Sprintf("%s %s, wanted at least %s", s.Name, at.text(), quantity.RateFormat(c.Value, 3))
	closed := !at.broke.IsZero()
	if len(doubts) > 0 && (a.outcome == envd.Pass || excuses(doubts, &envd.Condition{}, closed)) {
		a.outcome, a.told = envd.Inconclusive, true
		a.message += "; inconclusive: " + doubts[0].text
	}
	return a
}
