package docker_test

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/e2e/rootlesstest"
)

// TestRootless runs the tests of this package again that hold on every engine, as an ordinary user with an engine of their own.
func TestRootless(t *testing.T) {
	if testing.Short() {
		t.Skip("the same tests run in an engine of root's")
	}
	if err := rootlesstest.Lack(); err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: ", err)
	} else {
		require.NoError(t, err)
	}
	engine := rootlesstest.Start(t)
	tests := engine.Install(t, "docker.test", program)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := engine.Command(ctx, tests, "-test.v", "-test.run", "^Test(Conformance|Build|Leash|Image|DynamicProgram|ForeignLogs|EgressCrowd)$")
	cmd.Env = append(cmd.Env, "CI=true") // what is skipped is told apart
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var skipped []string
	for _, m := range regexp.MustCompile(`(?m)^\s*--- SKIP: (\S+)`).FindAllSubmatch(out, -1) {
		skipped = append(skipped, string(m[1]))
	}
	assert.ElementsMatch(t, []string{"TestConformance/Pause", "TestConformance/Limit"}, skipped, "what an engine without control groups cannot do")
}
