package envd_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
)

func TestRestart(t *testing.T) {
	always, failing, twice, never := &envd.Restart{Always: true}, &envd.Restart{}, &envd.Restart{Most: 2}, &envd.Restart{Never: true}
	for _, test := range []struct {
		policy       *envd.Restart
		code, inARow int
		again, done  bool
	}{
		{nil, 1, 0, false, false}, {nil, 0, 0, false, false},
		{always, 0, 0, true, false}, {always, 1, 99, true, false},
		{failing, 0, 0, false, true}, {failing, 1, 99, true, false},
		{twice, 1, 0, true, false}, {twice, 1, 1, true, false}, {twice, 1, 2, false, false}, {twice, 0, 0, false, true},
		{never, 0, 0, false, true}, {never, 1, 0, false, false},
	} {
		exit := envd.Exit{Code: test.code}
		assert.Equal(t, test.again, test.policy.Again(exit, test.inARow), "%+v", test)
		assert.Equal(t, test.done, test.policy.Done(exit), "%+v", test)
	}
}
