package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/e2e/rootlesstest"
)

// rootlessVariable tells this test binary that it runs as the user of a rootless engine.
const rootlessVariable = "ENVD_TEST_ROOTLESS"

// everywhere are scripts of testdata that hold on a rootless engine as on any other.
var everywhere = []string{"engine_wiremock", "images", "image_healthcheck", "keep", "logs", "metrics", "never_ready", "provision_fails", "publish", "undeclared"}

// TestRootless runs scripts as an ordinary user with an engine of their own: this test binary runs them there, from a copy that
// the user may read.
func TestRootless(t *testing.T) {
	if os.Getenv(rootlessVariable) != "" {
		runScripts(t, "testdata/rootless")
		return
	}
	needs(t, "rootless", "k6", "wiremock")
	require.NoError(t, linkedStatically(os.Args[0]))
	engine := rootlesstest.Start(t)
	engine.Install(t, "envd", binary)
	engine.Install(t, "k6", repository("bin", "k6"))
	wiremock := engine.Install(t, "wiremock.jar", jar())
	tests := engine.Install(t, "e2e", os.Args[0])
	dir := filepath.Join(engine.Home, "e2e")
	require.NoError(t, os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS("testdata")))

	for _, run := range []string{"^TestRootless$", "^TestScripts$/^(" + strings.Join(everywhere, "|") + ")$"} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		cmd := engine.Command(ctx, tests, "-test.v", "-test.run", run)
		cmd.Dir = dir
		cmd.Env = append(cmd.Env, rootlessVariable+"=1", "CI=true", "ENVD_WIREMOCK_JAR="+wiremock)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.NotContains(t, string(out), "--- SKIP")
		if strings.Contains(run, "Scripts") {
			assert.Equal(t, len(everywhere), strings.Count(string(out), "    --- PASS"), "%s", out)
		}
	}
}
