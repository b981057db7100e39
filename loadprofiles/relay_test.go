package loadprofiles_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// pushMain stands in for k6 as a program that pushes what it is told to, and exits with 3 if that is refused.
func pushMain() {
	resp, err := http.Post(os.Getenv("K6_CLOUD_HOST")+os.Getenv("PUSH_PATH"), "application/x-protobuf", strings.NewReader("pushed"))
	if err != nil || resp.StatusCode != http.StatusOK {
		os.Exit(3)
	}
	os.Exit(0)
}

func pusher(path string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PUSH_PATH="+path)
	return cmd
}

func TestRelay(t *testing.T) {
	var out strings.Builder
	require.NoError(t, loadprofiles.Relay(pusher("/v2/metrics/1"), &out))
	assert.Equal(t, "\x06pushed", out.String())

	out.Reset()
	var exit *exec.ExitError
	require.ErrorAs(t, loadprofiles.Relay(pusher("/v1/tests"), &out), &exit)
	assert.Equal(t, 3, exit.ExitCode())
	assert.Empty(t, out.String())

	require.ErrorIs(t, loadprofiles.Relay(exec.Command("/nowhere/k6"), io.Discard), os.ErrNotExist)
}

type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

// What cannot be passed on is not lost in silence: k6 hears of it, and so does the caller.
func TestRelayIntoNothing(t *testing.T) {
	err := loadprofiles.Relay(pusher("/v2/metrics/1"), full{})
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.ExitCode())
	assert.ErrorIs(t, err, errFull)
}
