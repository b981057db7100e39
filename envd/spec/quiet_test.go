package spec

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
)

// TestQuietStretches: what the plan leaves before and after fault b, and up to the next fault, in seconds.
func TestQuietStretches(t *testing.T) {
	tests := []struct {
		name                string
		other               [2]int // begin and length; b acts from 12 s to 18 s of 30 s
		before, after, next int
	}{
		{"earlier", [2]int{2, 4}, 4, 11, 12},
		{"later", [2]int{24, 3}, 11, 4, 5},
		{"adjacent before", [2]int{6, 6}, -2, 11, 12},
		{"adjacent after", [2]int{18, 4}, 11, -2, -1},
		{"still acting at its start", [2]int{8, 6}, 7, 11, 12},
		{"still acting at its end", [2]int{14, 8}, 11, 7, 12},
		{"around it", [2]int{5, 20}, 4, 4, 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &envd.Stage{Load: &envd.Load{Duration: seconds(30)}, Faults: []envd.Fault{
				{Name: "a", At: seconds(tt.other[0]), For: seconds(tt.other[1])},
				{Name: "b", At: seconds(12), For: seconds(6)},
			}}
			b := &s.Faults[1]
			assert.Equal(t, seconds(tt.before).Std(), quietBefore(s, b, time.Second), "before")
			assert.Equal(t, seconds(tt.after).Std(), quietAfter(s, b, time.Second), "after")
			assert.Equal(t, seconds(tt.next).Std(), nextFault(s, b, time.Second), "next")
		})
	}
}

func seconds(n int) envd.Duration { return envd.Duration(time.Duration(n) * time.Second) }
