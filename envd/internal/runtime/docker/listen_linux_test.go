package docker

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestListener(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	own := "   0: " + enginesOwn + "8287 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21843347 1\n"
	service := "   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21843435 2\n"
	client := "   2: 8206C80A:9568 8106C80A:2328 01 00000000:00000000 02:000001DE 00000000     0        0 22173638 2\n"
	for table, want := range map[string]bool{
		"": false, head: false, head + own: false, head + own + client: false, head + client: false,
		head + service: true, head + own + service + client: true,
	} {
		assert.Equal(t, want, listener(strings.NewReader(table)), table)
	}
}

// This process is its own container's first here.
func TestAwaitSocket(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer socket.Close()
	require.NoError(t, (&process{pid: os.Getpid()}).awaitSocket(t.Context()))
	require.ErrorIs(t, (&process{pid: 1 << 30}).awaitSocket(t.Context()), os.ErrNotExist)
}
