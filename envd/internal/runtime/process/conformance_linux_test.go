package process_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

func TestMain(m *testing.M) {
	runtimetest.Main()
	if len(os.Args) == 5 && os.Args[1] == trialRunner {
		os.Exit(runTrialRunner(os.Args[2], os.Args[3], os.Args[4] == "true"))
	}
	if len(os.Args) == 2 && os.Args[1] == refusedVerb {
		os.Exit(runRefused())
	}
	goleak.VerifyTestMain(m)
}

func harness(plain bool) runtimetest.Harness {
	fresh := func(t testing.TB) envd.Runtime {
		return process.New(process.Options{LogDir: t.TempDir(), Visible: []string{os.Args[0]}, Plain: plain})
	}
	return runtimetest.Harness{
		New: fresh, Measures: true,
		Foreign: func(t testing.TB, _ envd.Runtime) envd.Runtime { return fresh(t) },
	}
}

func TestConformance(t *testing.T) { runtimetest.Run(t, harness(false)) }

func TestConformancePlain(t *testing.T) { runtimetest.Run(t, harness(true)) }
