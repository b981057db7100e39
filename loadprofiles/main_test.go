package loadprofiles_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/envd-dev/envd/loadprofiles"
)

func TestMain(m *testing.M) {
	if os.Getenv("PUSH_PATH") != "" {
		pushMain()
	}
	goleak.VerifyTestMain(m)
}

// testK6 returns the k6 that tests run: $ENVD_K6, the one in bin, or one built there from the pinned module. Where it
// cannot be built the test is skipped, but in CI it fails.
func testK6(t testing.TB) loadprofiles.K6 {
	t.Helper()
	k6, err := findOrBuildK6()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED, NOTHING PROVEN: no k6 for this test: %v", err)
	}
	require.NoError(t, err)
	return k6
}

var findOrBuildK6 = sync.OnceValues(func() (loadprofiles.K6, error) {
	ctx := context.Background()
	bin, err := filepath.Abs("../bin")
	if err != nil {
		return loadprofiles.K6{}, err
	}
	lookup := loadprofiles.Lookup{Beside: []string{bin}}
	if found, err := loadprofiles.Find(ctx, lookup); err == nil {
		return found, nil
	}
	fmt.Fprintln(os.Stderr, "building k6 from loadprofiles/k6, which takes a minute or two")
	path := filepath.Join(bin, "k6")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "go.k6.io/k6/v2")
	build.Dir = "k6"
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return loadprofiles.K6{}, fmt.Errorf("build k6: %w: %s", err, out)
	}
	return loadprofiles.Find(ctx, loadprofiles.Lookup{Path: path})
})
