package docker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// One environment with a stub and a service: until the service answers, and until everything is gone.
func BenchmarkEnvironment(b *testing.B) {
	if _, err := docker.New(docker.Options{}).Capabilities(b.Context()); err != nil {
		b.Skip("NOT MEASURED: ", err)
	}
	ctx := context.Background()
	env := &envd.Environment{Stubs: []envd.Stub{{Host: "pay.example.com", Ports: []int{80}}}}
	svc := &envd.Service{Name: "web", Command: []string{program, runtimetest.Verb, "listen:80", "stubborn"}}
	var up, down time.Duration
	for i := range b.N {
		rt, id := docker.New(options(b)), fmt.Sprintf("bench-%d-%d", time.Now().UnixNano(), i)
		begin := time.Now()
		for _, op := range []envd.Operation{
			{Kind: envd.OpCreate, Environment: env}, {Kind: envd.OpGateway, Environment: env}, {Kind: envd.OpStart, Service: svc},
		} {
			require.NoError(b, rt.Do(ctx, id, op))
		}
		for {
			if conn, err := rt.Dial(ctx, id, "web", 80); err == nil {
				require.NoError(b, conn.Close())
				break
			}
			time.Sleep(time.Millisecond)
		}
		up += time.Since(begin)
		begin = time.Now()
		left, err := rt.Destroy(ctx, id)
		require.NoError(b, err)
		require.Empty(b, left)
		down += time.Since(begin)
	}
	b.ReportMetric(float64(up.Milliseconds())/float64(b.N), "up-ms")
	b.ReportMetric(float64(down.Milliseconds())/float64(b.N), "down-ms")
}
