// Package judge answers a gate from what a run observed. It is pure: the same spec and the same observations, in
// whatever order they are read, give the same verdict byte for byte, now or later, here or on another machine.
//
// # What is never a pass
//
//   - a condition without samples in its window; an empty gate
//   - a stage whose load dropped iterations, threw script exceptions, saturated its generator or fell short of its
//     planned iterations: its conditions can still fail where the flaw does not explain the failure
//   - a fault that was never measured active: whatever was to be shown under it was not shown
//   - a run that did not exercise every stage to its end: interrupted, over its budget, or cut off
//
// Fail outranks inconclusive, and error (the environment did not come up, or envd itself failed) outranks both.
//
// # Windows
//
// Samples are whole seconds. The window of a fault goes from the moment its effect was first measured to its revert;
// the gate's guard is cut from both ends, and only seconds that lie wholly inside count. `before` is the
// quiet stretch that ends at the injection, `after` the one that begins at the revert, each less the guard: both end
// where another fault of the stage acts, so that no fault is judged by its neighbour's seconds. A recovery is looked
// for up to the next injection. A condition without a fault sees the stage's load as a whole.
//
// Readings of services' metrics are moments: all that lie in the window count, and growth is the difference between the last
// one up to its beginning and the last one up to its end. Without a fault the window is the stage, from its start to its end.
package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// Judge returns the verdict on a run of spec. It changes neither argument.
func Judge(spec *envd.Spec, observations []envd.Observation) envd.Verdict {
	j := &judgement{spec: spec, facts: gather(spec, observations)}
	v := envd.Verdict{
		Stubs:      j.stubResults(),
		Undeclared: j.undeclared(),
		Leftovers:  j.leftovers,
		Conditions: make([]envd.ConditionResult, 0, len(spec.Gate.Conditions)),
	}
	j.judgeRun()
	for i := range spec.Stages {
		v.Stages = append(v.Stages, j.stageResult(&spec.Stages[i]))
		for k := range spec.Stages[i].Faults {
			v.Faults = append(v.Faults, j.faultResult(&spec.Stages[i], &spec.Stages[i].Faults[k]))
		}
	}
	for _, c := range spec.Gate.Conditions {
		v.Conditions = append(v.Conditions, j.condition(c))
	}
	if len(spec.Gate.Conditions) == 0 {
		j.add(envd.Inconclusive, "the gate has no conditions: nothing was to be proven")
	}
	j.judgeStrictStubs()
	v.Outcome, v.Reasons = j.sum()
	return v
}

// judgement is one call of Judge: the facts and the reasons found so far.
type judgement struct {
	spec *envd.Spec
	facts
	reasons map[envd.Outcome][]string
}

func (j *judgement) add(o envd.Outcome, format string, args ...any) {
	if j.reasons == nil {
		j.reasons = map[envd.Outcome][]string{}
	}
	j.reasons[o] = append(j.reasons[o], fmt.Sprintf(format, args...))
}

// sum returns the outcome that outranks the others and every reason, the weightiest first.
func (j *judgement) sum() (envd.Outcome, []string) {
	outcome := envd.Pass
	var all []string
	for _, o := range []envd.Outcome{envd.Errored, envd.Fail, envd.Inconclusive} {
		if outcome == envd.Pass && len(j.reasons[o]) > 0 {
			outcome = o
		}
		all = append(all, j.reasons[o]...)
	}
	return outcome, all
}

// judgeRun judges the run itself: whether the environment came up, stayed up, and was exercised to the end.
func (j *judgement) judgeRun() {
	for _, e := range j.internalErrors {
		j.add(envd.Errored, "envd failed: %s", e)
	}
	reason, stopped := j.stoppedBy()
	if stopped {
		j.add(envd.Inconclusive, "%s", reason)
	}
	if !j.up() {
		j.judgeProvisioning(stopped)
		return
	}
	for _, x := range j.exits {
		if x.stage == "" && !j.onTheWayUp(x) {
			j.add(envd.Fail, "%s", x.text())
		}
	}
	if !stopped && !j.complete() {
		j.add(envd.Inconclusive, "the record ends before every stage had run to its end")
	}
}

// onTheWayUp reports whether a restart policy excuses an exit: it happened while the environment was coming up, when what
// the service needs may not be there yet. Later a restart excuses nothing.
func (j *judgement) onTheWayUp(x exit) bool {
	return x.again && x.at.Before(j.events[envd.RunProvisioned].at)
}

// judgeProvisioning says why the environment did not come up. If it was interrupted on the way, it has not failed.
func (j *judgement) judgeProvisioning(stopped bool) {
	failed, ok := j.events[envd.RunProvisionFailed]
	if _, interrupted := j.events[envd.RunInterrupted]; interrupted {
		return
	}
	switch {
	case ok:
		j.add(envd.Errored, "the environment did not come up: %s", orUnknown(failed.detail))
	case !stopped && len(j.internalErrors) == 0:
		j.add(envd.Errored, "the environment did not come up: the record ends before it was provisioned")
	}
	for i, x := range j.exits {
		repeated := x.again && slices.ContainsFunc(j.exits[i+1:], func(later exit) bool { return later.service == x.service })
		if !repeated && !tellsOf(failed.detail, x.service) {
			j.add(envd.Errored, "%s", x.text())
		}
	}
}

// tellsOf reports whether an error is about a service, which the runner and the runtimes then call "service NAME". The bare
// name proves nothing: the error may quote a log in which it occurs.
func tellsOf(detail, service string) bool {
	_, rest, found := strings.Cut(detail, "service "+service)
	for found && rest != "" && rest[0] != ' ' && rest[0] != ':' { // a longer name
		_, rest, found = strings.Cut(rest, "service "+service)
	}
	return found
}

// up reports whether the environment came up, so that there was something to judge.
func (j *judgement) up() bool {
	_, failed := j.events[envd.RunProvisionFailed]
	return j.provisioned() && !failed
}

func (j *judgement) provisioned() bool {
	_, ok := j.events[envd.RunProvisioned]
	return ok
}

// complete reports whether every stage ran to its end, so that counters taken over the run are final.
func (j *judgement) complete() bool {
	_, ok := j.events[envd.RunExercised]
	return ok
}

// stoppedBy says why the run ended early, if it was asked to.
func (j *judgement) stoppedBy() (string, bool) {
	if j.complete() {
		return "", false
	}
	if e, ok := j.events[envd.RunOverBudget]; ok {
		return withDetail(fmt.Sprintf("the run used up its budget of %s at %s",
			quantity.Span(j.spec.Budget.Std()), clock(e.at)), e.detail), true
	}
	if e, ok := j.events[envd.RunInterrupted]; ok {
		return withDetail("the run was interrupted at "+clock(e.at), e.detail), true
	}
	return "", false
}

func orUnknown(s string) string {
	if s == "" {
		return "no reason was recorded"
	}
	return s
}

func withDetail(s, detail string) string {
	if detail == "" {
		return s
	}
	return s + ": " + detail
}

// clock writes a time of day, UTC like everything in a run directory, with tenths where there are any.
func clock(t time.Time) string {
	return t.UTC().Round(100 * time.Millisecond).Format("15:04:05.9")
}
