//go:build unix

package daemon

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLockOutlivesItsDaemonForAMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daemon.lock")
	unlock, err := lock(path)
	require.NoError(t, err)
	_, err = lock(path)
	require.ErrorContains(t, err, "another daemon serves")

	released := make(chan error, 1)
	time.AfterFunc(lockPatience/10, func() { released <- unlock() })
	again, err := lock(path)
	require.NoError(t, err, "whoever held it still is gone")
	require.NoError(t, <-released)
	assert.NoError(t, again())
}
