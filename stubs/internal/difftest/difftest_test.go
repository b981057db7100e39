package difftest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

const (
	jarVariable   = "ENVD_WIREMOCK_JAR"
	pairsVariable = "ENVD_DIFFTEST_PAIRS" // how many pairs of mapping and request to play
	seedVariable  = "ENVD_DIFFTEST_SEED"  // from which the cases are made; 1 unless given, so that a run repeats
	defaultPairs  = 2_000
	maxReported   = 5 // of each kind
)

// TestAgainstWireMock plays generated cases to a real WireMock (the jar that ENVD_WIREMOCK_JAR names) and to the engine.
func TestAgainstWireMock(t *testing.T) {
	jar := os.Getenv(jarVariable)
	if jar == "" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s does not name the WireMock jar to compare with", jarVariable)
		}
		t.Skipf("NOT COMPARED WITH WIREMOCK: %s does not name its jar", jarVariable)
	}
	pairs := number(t, pairsVariable, defaultPairs)
	seed := number(t, seedVariable, 1)
	t.Logf("%d pairs of seed %d; %s and %s choose others", pairs, seed, pairsVariable, seedVariable)
	reference := startWireMock(t, jar)
	subject := startEngine(t)
	g := NewGenerator(uint64(seed))
	kinds := map[string]int{}
	for played := 0; played < pairs; {
		c := g.Case()
		d, err := Compare(t.Context(), reference, subject, c)
		require.NoError(t, err)
		played += max(1, c.Pairs())
		if d == nil {
			continue
		}
		if kinds[d.What]++; kinds[d.What] <= maxReported {
			t.Errorf("after %d pairs of seed %d: %s", played, seed, Shrink(t.Context(), reference, subject, d))
		}
	}
	assert.Empty(t, kinds, "differences in %d pairs", pairs)
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, variable)
	return n
}

func startEngine(t *testing.T) *Server {
	t.Helper()
	s, err := stubs.New(stubs.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Start())
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return NewServer(s.URL())
}

// startWireMock starts the jar on a free port and waits until it answers.
func startWireMock(t *testing.T, jar string) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	log, err := os.Create(filepath.Join(t.TempDir(), "wiremock.log"))
	require.NoError(t, err)
	defer log.Close()
	cmd := exec.Command("java", "-Xmx512m", "-jar", jar, "--port", strconv.Itoa(port), "--root-dir", t.TempDir())
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if b, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("WireMock printed: %s", b)
		}
	})
	s := NewServer(fmt.Sprintf("http://127.0.0.1:%d", port))
	require.Eventually(t, func() bool {
		resp, err := s.Client.Get(s.URL + "/__admin/mappings?limit=0")
		if err != nil {
			return false
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond, "WireMock did not come up")
	return s
}

func TestShrinkKeepsTheDifference(t *testing.T) {
	answer := func(status int) *Server {
		s := newHandler(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/__admin/mappings":
				w.WriteHeader(http.StatusCreated)
			case r.Method == "PUT":
				w.WriteHeader(status)
			}
		})
		return s
	}
	a, b := answer(http.StatusOK), answer(http.StatusTeapot)
	c := Case{
		Mapping: map[string]any{"request": map[string]any{"method": "PUT", "headers": map[string]any{"a": "b"}}},
		Requests: []Request{
			{Method: "GET", Target: "/x"},
			{Method: "PUT", Target: "/y", Headers: [][2]string{{"A", "b"}}, Body: "long body"},
		},
	}
	d, err := Compare(t.Context(), a, b, c)
	require.NoError(t, err)
	require.NotNil(t, d)
	small := Shrink(t.Context(), a, b, d)
	assert.Equal(t, []Request{{Method: "PUT", Target: "/y"}}, []Request{{small.Case.Requests[0].Method, small.Case.Requests[0].Target, nil, small.Case.Requests[0].Body}})
	assert.Empty(t, small.Case.Mapping["request"])
}

func newHandler(t *testing.T, h http.HandlerFunc) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		assert.NoError(t, s.Shutdown(context.Background()))
		<-done
	})
	return NewServer("http://" + l.Addr().String())
}

func TestGeneratorCoversEveryOperator(t *testing.T) {
	seen := map[string]bool{}
	var note func(v any)
	note = func(v any) {
		switch t := v.(type) {
		case map[string]any:
			for k, e := range t {
				seen[k] = true
				note(e)
			}
		case []any:
			for _, e := range t {
				note(e)
			}
		}
	}
	g := NewGenerator(1)
	for range 3000 {
		note(g.Case().Mapping)
	}
	for _, name := range []string{
		"equalTo", "caseInsensitive", "contains", "doesNotContain", "matches", "doesNotMatch", "absent", "anything", "and", "or", "not",
		"equalToJson", "ignoreArrayOrder", "ignoreExtraElements", "matchesJsonPath", "matchesJsonSchema", "schemaVersion", "equalToXml",
		"enablePlaceholders", "exemptedComparisons", "ignoreOrderOfSameNode", "namespaceAwareness", "matchesXPath", "xPathNamespaces",
		"before", "after", "equalToDateTime", "actualFormat", "truncateExpected", "truncateActual", "expectedOffset", "matchesPathTemplate",
		"binaryEqualTo", "hasExactly", "includes", "url", "urlPath", "urlPattern", "urlPathPattern", "urlPathTemplate", "pathParameters",
		"headers", "queryParameters", "cookies", "formParameters", "bodyPatterns",
	} {
		assert.True(t, seen[name], name)
	}
}

func TestFailuresOfTheReferenceAreNoDifference(t *testing.T) {
	c := Case{Requests: []Request{{}}}
	outcome := func(answer string) Outcome { return Outcome{Answers: []string{answer}} }
	assert.Nil(t, compare(c, outcome("500"), outcome("404 page")))
	assert.Equal(t, "whether the request matched", compare(c, outcome("404 page"), outcome("299 ")).What)
	assert.Equal(t, "the page of an unmatched request", compare(c, outcome("404 page"), outcome("404 other")).What)
}

func TestGeneratorIsDeterministic(t *testing.T) {
	a, b := NewGenerator(7), NewGenerator(7)
	for range 200 {
		require.Equal(t, a.Case(), b.Case())
	}
}
