package process_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// BenchmarkEnvironment brings an environment of a gateway and one service up until the service answers, and takes it
// down again. up-ms contains the start of three processes; down-ms is the Destroy alone.
func BenchmarkEnvironment(b *testing.B) {
	ctx := context.Background()
	exe, err := os.Executable()
	require.NoError(b, err)
	web := envd.Service{Name: "web", Command: []string{exe, runtimetest.Verb, "listen:9898", "stubborn"}}
	env := &envd.Environment{Services: []envd.Service{web}, Stubs: []envd.Stub{{Host: "a.example"}, {Host: "b.example"}, {Host: "c.example"}}}
	rt := process.New(process.Options{LogDir: b.TempDir(), Visible: []string{exe}})
	_, err = rt.Capabilities(ctx)
	require.NoError(b, err)
	var created, up, down time.Duration
	for i := range b.N {
		id := fmt.Sprintf("bench-%d", i)
		begin := time.Now()
		require.NoError(b, rt.Do(ctx, id, envd.Operation{Kind: envd.OpCreate, Environment: env}))
		created += time.Since(begin)
		require.NoError(b, rt.Do(ctx, id, envd.Operation{Kind: envd.OpGateway, Target: envd.GatewayName}))
		require.NoError(b, rt.Do(ctx, id, envd.Operation{Kind: envd.OpStart, Target: "web", Service: &web}))
		for {
			conn, err := rt.Dial(ctx, id, "web", 9898)
			if err == nil {
				require.NoError(b, conn.Close())
				break
			}
		}
		up += time.Since(begin)
		begin = time.Now()
		_, err := rt.Destroy(ctx, id)
		require.NoError(b, err)
		down += time.Since(begin)
	}
	b.ReportMetric(float64(created.Microseconds())/1e3/float64(b.N), "create-ms")
	b.ReportMetric(float64(up.Microseconds())/1e3/float64(b.N), "up-ms")
	b.ReportMetric(float64(down.Microseconds())/1e3/float64(b.N), "down-ms")
}
