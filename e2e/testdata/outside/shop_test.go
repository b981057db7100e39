// Package outside is what somebody else's module has of envd: environments for its tests, and a daemon's SDK.
package outside

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/wiremock/go-wiremock"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/envdtest"
)

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestShop(t *testing.T) {
	env := envdtest.Up(t, "envd.yaml")
	if got := get(t, env.URL("shop", 8080)+"/healthz"); got != "well" {
		t.Errorf("the shop says %q", got)
	}
	stock := env.Stub("stock.example.com")
	full := wiremock.Get(wiremock.URLPathEqualTo("/items")).AtPriority(1).WillReturnResponse(wiremock.NewResponse().WithBody("plenty"))
	if err := stock.StubFor(full); err != nil {
		t.Fatal(err)
	}
	if got := env.Exec("envd", "version"); got.ExitCode != 0 {
		t.Errorf("inside: %+v", got)
	}
	if asked, err := stock.GetAllRequests(); err != nil || asked == nil {
		t.Errorf("the stub's journal: %v, %v", asked, err)
	}
}

// TestMistakes fails: what a spec lacks is told by the test's own output.
func TestMistakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(path, []byte("apiVersion: envd/v1\nname: bad\nenvironmnt: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	envdtest.Up(t, path)
}

func TestRun(t *testing.T) {
	c, err := client.FromEnvironment()
	if err != nil || c == nil {
		t.Fatal("no daemon: ", err)
	}
	spec, err := filepath.Abs("envd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.SubmitRun(t.Context(), client.Spec{Path: spec})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	if run, err = c.Follow(t.Context(), run.ID, func(envd.Observation) error { seen++; return nil }); err != nil {
		t.Fatal(err)
	}
	verdict, err := c.Verdict(t.Context(), run.ID)
	if err != nil || verdict.Outcome != envd.Pass || seen == 0 {
		t.Errorf("%+v after %d observations: %v, %v", run, seen, verdict, err)
	}
}
