package judge

import (
	"fmt"

	"github.com/envd-dev/envd/envd"
)

// condition judges one line of the gate. If it does not pass, the reason is added, unless a stage has given it already.
func (j *judgement) condition(c envd.Condition) envd.ConditionResult {
	if !j.up() {
		return envd.ConditionResult{Condition: c, Outcome: envd.Inconclusive, Message: "not judged: the environment did not come up"}
	}
	var a answer
	switch c.Kind {
	case envd.Threshold:
		a = j.threshold(c)
	case envd.Recovery:
		a = j.recovery(c)
	case envd.Withstands:
		a = j.withstands(c)
	case envd.ServiceMetric:
		a = j.serviceMetric(c)
	case envd.StubCalled:
		a = j.stubCalled(c)
	case envd.NoUnmatched:
		a = j.noUnmatched(c)
	case envd.NoUndeclared:
		a = j.noUndeclared(c)
	default:
		a = unanswered("conditions of kind %q are not known to this envd", c.Kind)
	}
	if a.outcome != envd.Pass && !a.told {
		where := ""
		if a.stage != "" {
			where = " (stage " + a.stage + ")"
		}
		j.add(a.outcome, "condition %q%s: %s", c.Source, where, a.message)
	}
	return envd.ConditionResult{
		Condition: c, Outcome: a.outcome, Measured: a.measured, Samples: a.samples, Window: a.window, Message: a.message,
	}
}

// answer is the result of a condition.
type answer struct {
	outcome  envd.Outcome
	measured float64
	samples  int64
	window   *envd.Window
	stage    string
	message  string
	told     bool // the stage has given the reason
}

func unanswered(format string, args ...any) answer {
	return answer{outcome: envd.Inconclusive, message: fmt.Sprintf(format, args...)}
}

// passIf is Pass or Fail.
func passIf(ok bool) envd.Outcome {
	if ok {
		return envd.Pass
	}
	return envd.Fail
}

// holds compares with one of the grammar's operators; an unknown one never holds.
func holds(v float64, op string, limit float64) bool {
	switch op {
	case "<":
		return v < limit
	case "<=":
		return v <= limit
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "==":
		return v == limit
	case "!=":
		return v != limit
	}
	return false
}

// wanted says what the operator asks for: "limit 500 ms", "at least 100".
func wanted(op, value string) string {
	switch op {
	case "<", "<=":
		return "limit " + value
	case ">":
		return "wanted more than " + value
	case ">=":
		return "wanted at least " + value
	case "!=":
		return "wanted anything but " + value
	}
	return "wanted " + value
}
