package store

import (
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestRecordsComeBackAsTheyWentIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c.db") // what a URL would take for something else
	s := open(t, path)
	code := 130
	now := time.Now().UTC()
	want := Record{
		ID: "shop-1", Kind: Up, Name: "shop", Runtime: "process", Override: true, Spec: "/s/envd.yaml", Dir: "/r/shop-1", Bundle: "/b",
		TTL: time.Hour, Status: v1.Ready, Stage: "peak", PID: 42, Created: now, Started: now.Add(1), Expires: now.Add(time.Hour),
		Outcome: envd.Fail, ExitCode: &code, Message: "m",
	}
	require.NoError(t, s.Insert(t.Context(), want))
	want.Revision = 1
	got, err := open(t, path).Get(t.Context(), "shop-1")
	require.NoError(t, err)
	assert.Equal(t, want, got)

	want.Status, want.Ended, want.ExitCode = v1.Finished, now, nil
	require.NoError(t, s.Update(t.Context(), want))
	want.Revision = 2
	got, err = s.Get(t.Context(), "shop-1")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Error(t, s.Insert(t.Context(), want), "an ID names one record")
}

func TestMissing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	_, err := s.Get(t.Context(), "x")
	assert.ErrorIs(t, err, ErrNotFound)
	assert.ErrorIs(t, s.Update(t.Context(), Record{ID: "x"}), ErrNotFound)
	_, ok, err := s.Claim(t.Context())
	require.NoError(t, err)
	assert.False(t, ok)
	was, err := s.Unqueue(t.Context(), "x", time.Now())
	require.NoError(t, err)
	assert.False(t, was)
}

func TestClaimIsFirstComeAndNeverTwice(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	ids := []string{"e", "d", "c", "b", "a"}
	for _, id := range ids {
		require.NoError(t, s.Insert(t.Context(), Record{ID: id, Kind: Run, Status: v1.Queued}))
	}
	require.NoError(t, s.Insert(t.Context(), Record{ID: "env", Kind: Up, Status: v1.Queued}))
	was, err := s.Unqueue(t.Context(), "d", time.Now())
	require.NoError(t, err)
	assert.True(t, was)
	first, ok, err := s.Claim(t.Context())
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, "e", first.ID)
	assert.Equal(t, v1.Starting, first.Status)

	var mu sync.Mutex
	var all []string
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r, ok, err := s.Claim(t.Context())
			mu.Lock()
			defer mu.Unlock()
			assert.NoError(t, err)
			if ok {
				all = append(all, r.ID)
			}
		})
	}
	wg.Wait()
	assert.ElementsMatch(t, []string{"c", "b", "a"}, all)
}

func TestListActiveAndChanged(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	now := time.Now()
	for i, st := range []v1.Status{v1.Finished, v1.Exercising, v1.Queued, v1.Canceled, v1.Lost} {
		require.NoError(t, s.Insert(t.Context(), Record{ID: string(st), Kind: Run, Status: st, Created: now.Add(time.Duration(i))}))
	}
	list, err := s.List(t.Context(), Run, 2)
	require.NoError(t, err)
	assert.Equal(t, []string{"lost", "canceled"}, ids(list))
	list, err = s.Active(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"exercising", "queued"}, ids(list))

	require.NoError(t, s.Update(t.Context(), Record{ID: "finished", Kind: Run, Status: v1.Finished, Message: "again"}))
	list, err = s.Changed(t.Context(), 4)
	require.NoError(t, err)
	assert.Equal(t, []string{"lost", "finished"}, ids(list))
}

func ids(all []Record) (out []string) {
	for _, r := range all {
		out = append(out, r.ID)
	}
	return out
}

func TestANewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec("PRAGMA user_version = 99")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = Open(t.Context(), path)
	assert.ErrorContains(t, err, "its schema has version 99")
}

func TestForget(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	now := time.Now().UTC()
	for _, r := range []Record{
		{ID: "old", Kind: Run, Status: v1.Finished, Ended: now.Add(-time.Hour)},
		{ID: "canceled", Kind: Run, Status: v1.Canceled, Ended: now.Add(-time.Hour)},
		{ID: "young", Kind: Run, Status: v1.Finished, Ended: now},
		{ID: "alive", Kind: Up, Status: v1.Ready},
	} {
		require.NoError(t, s.Insert(t.Context(), r))
	}
	ended, err := s.Ended(t.Context(), now.Add(-time.Minute))
	require.NoError(t, err)
	var ids []string
	for _, r := range ended {
		ids = append(ids, r.ID)
	}
	assert.Equal(t, []string{"old", "canceled"}, ids)

	require.NoError(t, s.Forget(t.Context(), "old"))
	_, err = s.Get(t.Context(), "old")
	assert.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, s.Forget(t.Context(), "alive"))
	_, err = s.Get(t.Context(), "alive")
	assert.NoError(t, err, "what goes on is not forgotten")

	last := Record{ID: "last", Kind: Run, Status: v1.Finished, Ended: now.Add(-time.Hour)}
	require.NoError(t, s.Insert(t.Context(), last))
	before, err := s.Revision(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Forget(t.Context(), "last"))
	after, err := s.Revision(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, after, "a revision that readers know does not come again")
}
