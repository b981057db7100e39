package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd/client"
)

// TestExecEndsWithItsCommand: whatever its standard input is, a command inside ends for its caller when it ends, with its
// own exit code and words and no others, through a daemon as without one.
func TestExecEndsWithItsCommand(t *testing.T) {
	dir := t.TempDir()
	spec, app := writeSpec(t, dir, execSpec)
	state := "ENVD_STATE_DIR=" + filepath.Join(dir, "state")
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	_, c := startDaemon(t, filepath.Join(dir, "state"), address)
	held, err := c.Up(t.Context(), client.Spec{Path: spec}, time.Hour)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := c.Down(context.Background(), held.ID)
		assert.NoError(t, err)
	})

	for name, server := range map[string]string{"alone": "", "daemon": "http://" + address} {
		run := func(stdin io.Reader, args ...string) (code int, stdout, stderr string) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, binary, append([]string{"exec", held.ID}, args...)...)
			cmd.Env = append(os.Environ(), state, "ENVD_SERVER="+server)
			var out, complaints bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &complaints
			_ = cmd.Run() // the exit code is what is looked at
			return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
		}
		t.Run(name, func(t *testing.T) {
			t.Run("while its input goes on", func(t *testing.T) {
				silent, writer, err := os.Pipe() // as a terminal at which nobody types
				require.NoError(t, err)
				defer writer.Close()
				defer silent.Close()
				code, _, stderr := run(silent, "--", app, "fail")
				assert.Equal(t, 7, code)
				assert.Equal(t, "something went wrong on purpose\n", stderr)
				code, _, stderr = run(silent, "--service", "nobody", "--", app)
				assert.Equal(t, 2, code)
				assert.Contains(t, stderr, "nobody")
				endless, err := os.Open("/dev/zero")
				require.NoError(t, err)
				defer endless.Close()
				code, stdout, stderr := run(endless, "--", "head", "-c", "3")
				assert.Equal(t, 0, code, stderr)
				assert.Equal(t, "\x00\x00\x00", stdout)
			})
			t.Run("without reading it", func(t *testing.T) {
				for i := range 40 {
					input, err := os.Open(spec)
					require.NoError(t, err)
					code, _, stderr := run(input, "--", "true")
					require.Equal(t, 0, code, "%d: %s", i, stderr)
					require.Empty(t, stderr, "%d", i)
					require.NoError(t, input.Close())
				}
			})
		})
	}
}
