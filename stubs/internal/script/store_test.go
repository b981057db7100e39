package script

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStoreCountsWhatItKeeps makes random changes and compares the store's count of bytes with what is there.
func TestStoreCountsWhatItKeeps(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	store := Store{Limits: Limits{Sessions: 20, Bytes: 20_000}}
	refused := 0
	for range 5000 {
		session := ""
		if n := rnd.IntN(40); n > 0 {
			session = strconv.Itoa(n)
		}
		if err := store.Set(session, strconv.Itoa(rnd.IntN(5)), strings.Repeat("x", rnd.IntN(6000))); err != nil {
			require.ErrorIs(t, err, ErrFull)
			refused++
		}
		kept := store.shared.size
		for _, s := range store.byKey {
			kept += s.size
		}
		require.Equal(t, kept, store.bytes)
		require.LessOrEqual(t, len(store.byKey), 20)
		require.Equal(t, len(store.byKey), store.used.Len())
		require.LessOrEqual(t, store.bytes, int64(20_000+sessionOverhead+len("99")), "the session in use stays, at least empty")
	}
	assert.Positive(t, refused, "a session that would be larger than all there is room for")
	store.Reset()
	assert.Zero(t, store.bytes)
	assert.Empty(t, store.Sessions())
}

func TestStoreDropsWhatWasUsedLeastRecently(t *testing.T) {
	store := Store{Limits: Limits{Sessions: 2}}
	for _, key := range []string{"a", "b"} {
		require.NoError(t, store.Set(key, "k", key))
	}
	store.Session("a")
	require.NoError(t, store.Set("c", "k", "c"))
	assert.Equal(t, []string{"a", "c"}, store.Sessions())
	assert.Nil(t, store.Get("b"))
}

func TestDroppedSessionsAreNotCounted(t *testing.T) {
	store := Store{Limits: Limits{Sessions: 1}}
	held := store.Session("held")
	store.Session("other")
	held.mu.Lock()
	defer held.mu.Unlock()
	require.NoError(t, store.replace(held, Values{"k": "v"}))
	assert.Equal(t, store.byKey["other"].size, store.bytes)
}
