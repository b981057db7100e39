package judge

import (
	"fmt"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// hosts returns the stubs that a condition is about, in the spec's order.
func (j *judgement) hosts(only string) []string {
	var out []string
	for _, s := range j.specStubs() {
		if only == "" || s.Host == only {
			out = append(out, s.Host)
		}
	}
	return out
}

func (j *judgement) specStubs() []envd.Stub {
	if j.spec.Environment == nil {
		return nil
	}
	return j.spec.Environment.Stubs
}

func (j *judgement) stubResults() []envd.StubResult {
	var out []envd.StubResult
	for _, s := range j.specStubs() {
		r := envd.StubResult{Host: s.Host, Strict: s.Strict}
		if x := j.stubs[s.Host]; x != nil {
			r.Requests, r.Matched, r.Unmatched, r.Faulted = x.Requests, x.Matched, x.Unmatched, x.Faulted
			r.Unused, r.Examples = x.Unused, x.Examples
		}
		out = append(out, r)
	}
	return out
}

// stubCalled compares a stub's request count.
func (j *judgement) stubCalled(c envd.Condition) answer {
	if len(j.hosts(c.Stub)) == 0 {
		return unanswered("the spec has no stub %s", c.Stub)
	}
	x := j.stubs[c.Stub]
	if x == nil {
		return unanswered("stub %s left no counters", c.Stub)
	}
	n := float64(x.Requests)
	a := answer{outcome: passIf(holds(n, c.Op, c.Value)), measured: n, samples: x.Requests}
	a.message = fmt.Sprintf("stub %s was called %s, %s", c.Stub, times(x.Requests), wanted(c.Op, quantity.CountFormat(c.Value, 6)))
	// Counts only grow: too many calls stay too many, anything else could still have changed.
	settled := a.outcome == envd.Fail && (strings.HasPrefix(c.Op, "<") || c.Op == "==" && n > c.Value)
	return j.unfinished(a, settled)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return quantity.Count(n) + " times"
}

// noUnmatched passes if there were requests to the stubs and every one of them found a mapping.
func (j *judgement) noUnmatched(c envd.Condition) answer {
	hosts := j.hosts(c.Stub)
	if len(hosts) == 0 {
		if c.Stub != "" {
			return unanswered("the spec has no stub %s", c.Stub)
		}
		return unanswered("the environment has no stubs")
	}
	var a answer
	var bad []string
	for _, host := range hosts {
		x := j.stubs[host]
		if x == nil {
			return unanswered("stub %s left no counters", host)
		}
		a.samples += x.Requests
		a.measured += float64(x.Unmatched)
		if x.Unmatched > 0 {
			bad = append(bad, unmatchedText(x))
		}
	}
	of := quantity.Plural(a.samples, "request")
	a.message = fmt.Sprintf("every one of %s to %s was matched", of, strings.Join(hosts, ", "))
	switch a.outcome = passIf(len(bad) == 0); {
	case a.outcome == envd.Fail:
		a.message = strings.Join(bad, "; ")
	case a.samples == 0:
		a.outcome, a.message = envd.Inconclusive, "nothing called "+strings.Join(hosts, ", ")
	}
	return j.unfinished(a, a.outcome == envd.Fail)
}

func unmatchedText(x *envd.StubSummary) string {
	s := fmt.Sprintf("%s of %s to stub %s matched no mapping", quantity.Count(x.Unmatched), quantity.Plural(x.Requests, "request"), x.Host)
	if len(x.Examples) > 0 {
		s += ", for example: " + x.Examples[0]
	}
	return s
}

// noUndeclared passes if there was no connection to a destination that the spec does not declare.
func (j *judgement) noUndeclared(envd.Condition) answer {
	if _, blind := j.events[envd.RunConnectionsUnseen]; blind {
		return unanswered("the runtime cannot see undeclared connections here")
	}
	connections := j.undeclared()
	a := answer{outcome: passIf(len(connections) == 0), message: "no connection went to an undeclared destination"}
	var parts []string
	for _, c := range connections {
		a.samples += c.Count
		parts = append(parts, fmt.Sprintf("%s (%s, %s)", c.Destination, c.Protocol, times(c.Count)))
	}
	a.measured = float64(len(connections))
	if len(parts) > 0 {
		a.message = fmt.Sprintf("connections went to %s: %s",
			quantity.Plural(int64(len(parts)), "undeclared destination"), strings.Join(parts, ", "))
	}
	return j.unfinished(a, a.outcome == envd.Fail)
}

// unfinished makes an answer about the whole run inconclusive if the run was not complete and the answer not final.
func (j *judgement) unfinished(a answer, settled bool) answer {
	if j.complete() || settled {
		return a
	}
	a.outcome, a.told = envd.Inconclusive, true // by judgeRun
	a.message += "; inconclusive: the run did not exercise every stage to its end"
	return a
}

// judgeStrictStubs fails the run for unmatched requests and unused mappings of stubs that are declared strict.
func (j *judgement) judgeStrictStubs() {
	if !j.up() {
		return
	}
	for _, s := range j.specStubs() {
		x := j.stubs[s.Host]
		switch {
		case !s.Strict:
		case x == nil:
			j.add(envd.Inconclusive, "strict stub %s left no counters", s.Host)
		default:
			j.judgeStrict(x)
		}
	}
}

func (j *judgement) judgeStrict(x *envd.StubSummary) {
	if x.Unmatched > 0 {
		j.add(envd.Fail, "strict stub: %s", unmatchedText(x))
	}
	if len(x.Unused) > 0 && j.complete() {
		j.add(envd.Fail, "strict stub %s: %s never used: %s", x.Host,
			quantity.Plural(int64(len(x.Unused)), "mapping"), strings.Join(x.Unused, ", "))
	}
}
