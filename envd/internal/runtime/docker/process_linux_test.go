package docker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"
)

func TestListens(t *testing.T) {
	tests := map[string]struct {
		status string
		signal unix.Signal
		want   bool
	}{
		"caught":           {"Name:\tgo\nSigBlk:\t0000000000000000\nSigCgt:\tfffffffd7fc1feff\n", unix.SIGTERM, true},
		"blocked":          {"SigBlk:\t0000000000004000\nSigCgt:\t0000000000000000\n", unix.SIGTERM, true},
		"neither":          {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n", unix.SIGTERM, false},
		"another":          {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000002\n", unix.SIGTERM, false},
		"that other":       {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000002\n", unix.SIGINT, true},
		"cannot be read":   {"SigCgt:\tzz\n", unix.SIGTERM, true},
		"of another kind":  {"SigIgn:\tffffffffffffffff\n", unix.SIGTERM, false},
		"the highest, too": {"SigCgt:\t8000000000000000\n", unix.Signal(64), true},
	}
	for name, test := range tests {
		assert.Equal(t, test.want, listens(test.status, test.signal), name)
	}
}
