package runner

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// Whoever watches a run reads its journal while that is being written.
func TestUnderWay(t *testing.T) {
	dir := evidence.Claimed(t.TempDir())
	_, err := UnderWay(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	const journal = `{"time":"2026-11-21T10:00:00Z","operation":"a","event":"started"}
{"time":"2026-11-21T10:00:01Z","operation":"b","event":"started"}
{"time":"2026-11-21T10:00:02Z","operation":"a","event":"failed","error":"no"}
{"time":"2026-11-21T10:00:02Z","operation":"c","event":"skipped"}
{"time":"2026-11-21T10:00:03Z","operation":"d","eve`
	require.NoError(t, os.WriteFile(dir.Path(evidence.JournalFile), []byte(journal), 0o644))
	underWay, err := UnderWay(dir)
	require.NoError(t, err)
	assert.Equal(t, map[string]time.Time{"b": time.Date(2026, 11, 21, 10, 0, 1, 0, time.UTC)}, underWay)
}
