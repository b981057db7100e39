package docker_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// Many callers at once all get through, more than connections wait for them; where nobody listens outside, the caller's
// connection breaks instead of hanging.
func TestEgressCrowd(t *testing.T) {
	machine, err := os.Hostname()
	require.NoError(t, err)
	l, err := net.Listen("tcp4", ":0")
	require.NoError(t, err)
	defer l.Close()
	go runtimetest.Answer(l, "outside")
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	open, closed := net.JoinHostPort(machine, port), net.JoinHostPort(machine, "1")
	rt, id := environment(t, &envd.Environment{Egress: []string{open, closed}})
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpGateway, Target: envd.GatewayName}))
	require.NoError(t, start(rt, id, &envd.Service{Name: "web", Command: []string{program, runtimetest.Verb, "stubborn"}}))

	call := func(steps ...string) string {
		var out bytes.Buffer
		code, err := rt.Exec(context.Background(), id, envd.Exec{
			Service: "web", Name: "call", Command: append([]string{program, runtimetest.Verb}, steps...), Stdout: &out, Stderr: &out,
		})
		assert.NoError(t, err)
		assert.Zero(t, code, out.String())
		return out.String()
	}
	const callers, calls = 8, 50
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			steps := strings.Fields(strings.Repeat("connect:"+open+" ", calls))
			assert.Equal(t, strings.Repeat("outside ping\n", calls), call(steps...))
		})
	}
	all.Wait()
	assert.Contains(t, call("connect:"+closed), "reset")
	refused, err := rt.Undeclared(context.Background(), id)
	require.NoError(t, err)
	assert.Empty(t, refused)
}
