package envd

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCheckID(t *testing.T) {
	for _, id := range []string{"a", "shop-1", "A.b_c-9", strings.Repeat("x", 63)} {
		assert.NoError(t, CheckID(id), id)
	}
	for _, id := range []string{"", ".", "-a", "a-", "_a", "a b", "a/../b", "../a", "a/b", "ä", "a\n", "a b", string(make([]byte, 9)), strings.Repeat("x", 64)} {
		assert.ErrorContains(t, CheckID(id), "cannot name a run", id)
	}
}
