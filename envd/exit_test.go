package envd

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVerdictExitCode(t *testing.T) {
	left := []Leftover{{Kind: "process", ID: "1"}}
	for _, c := range []struct {
		verdict Verdict
		want    int
	}{
		{Verdict{Outcome: Pass}, 0},
		{Verdict{Outcome: Fail}, 1},
		{Verdict{Outcome: Errored}, 3},
		{Verdict{Outcome: Inconclusive}, 4},
		{Verdict{Outcome: Pass, Leftovers: left}, 5},
		{Verdict{Outcome: Fail, Leftovers: left}, 1},
		{Verdict{Outcome: Inconclusive, Leftovers: left}, 4},
		{Verdict{}, 3},
	} {
		assert.Equal(t, c.want, c.verdict.ExitCode(), "%+v", c.verdict)
	}
}
