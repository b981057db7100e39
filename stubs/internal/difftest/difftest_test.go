package difftest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
	"github.com/envd-dev/envd/stubs/wiremock"
)

const (
	jarVariable   = "ENVD_WIREMOCK_JAR"
	pairsVariable = "ENVD_DIFFTEST_PAIRS" // how many pairs of mapping and request to play
	seedVariable  = "ENVD_DIFFTEST_SEED"  // from which the cases are made; 1 unless given, so that a run repeats
	defaultPairs  = 2_000
	maxReported   = 3 // of each kind
	maxPrinted    = 16 << 10
)

// TestAgainstWireMock plays generated cases to a real WireMock (the jar that ENVD_WIREMOCK_JAR names) and to the engine.
func TestAgainstWireMock(t *testing.T) {
	jar := os.Getenv(jarVariable)
	if jar == "" {
		if os.Getenv("CI") != "" {
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
	s, err := stubs.New(stubs.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	require.NoError(t, s.Start())
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return server(t, strings.TrimPrefix(s.URL(), "http://"))
}

func server(t *testing.T, address string) *Server {
	t.Helper()
	s := NewServer(address)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// startWireMock starts the jar, and shows what it printed last where the test fails.
func startWireMock(t *testing.T, jar string) *Server {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "wiremock.log"))
	require.NoError(t, err)
	jvm, err := wiremock.Start(t.Context(), wiremock.Options{Jar: jar, JVMFlags: []string{"-Xmx512m"}, Output: log})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, errors.Join(jvm.Close(), log.Close()))
		if b, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("WireMock printed last: %s", b[max(0, len(b)-maxPrinted):])
		}
	})
	return server(t, strings.TrimPrefix(jvm.URL(), "http://"))
}

func TestShrinkKeepsTheDifference(t *testing.T) {
	answer := func(status int) *Server {
		s := newHandler(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/__admin/mappings" && r.Method == "POST":
				w.WriteHeader(http.StatusCreated)
			case r.Method == "PUT":
				w.WriteHeader(status)
			}
		})
		return s
	}
	a, b := answer(http.StatusOK), answer(http.StatusTeapot)
	c := Case{
		Mappings: []map[string]any{{"request": map[string]any{"method": "PUT", "headers": map[string]any{"a": "b"}}}, {"name": "other"}},
		Requests: []Request{
			{Method: "GET", Target: "/x"},
			{Method: "PUT", Target: "/y", Headers: [][2]string{{"A", "b"}}, Body: "long body"},
		},
		Admin: []Request{{Method: "GET", Target: "/__admin/requests"}},
	}
	d, err := Compare(t.Context(), a, b, c)
	require.NoError(t, err)
	require.NotNil(t, d)
	small := Shrink(t.Context(), a, b, d).Case
	require.Len(t, small.Requests, 1)
	assert.Equal(t, "PUT /y", small.Requests[0].Method+" "+small.Requests[0].Target)
	assert.Empty(t, small.Requests[0].Headers)
	assert.Empty(t, small.Requests[0].Body)
	assert.Empty(t, small.Mappings)
	assert.Empty(t, small.Admin)
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
	return server(t, l.Addr().String())
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
		c := g.Case()
		for _, m := range c.Mappings {
			note(m)
		}
		for _, r := range c.Admin {
			path, _, _ := strings.Cut(r.Target, "?")
			seen[r.Method+" "+ownID.ReplaceAllString(path, "{id}")] = true
		}
	}
	for _, name := range []string{
		"equalTo", "caseInsensitive", "contains", "doesNotContain", "matches", "doesNotMatch", "absent", "anything", "and", "or", "not",
		"equalToJson", "ignoreArrayOrder", "ignoreExtraElements", "matchesJsonPath", "matchesJsonSchema", "schemaVersion", "equalToXml",
		"enablePlaceholders", "exemptedComparisons", "ignoreOrderOfSameNode", "namespaceAwareness", "matchesXPath", "xPathNamespaces",
		"before", "after", "equalToDateTime", "actualFormat", "truncateExpected", "truncateActual", "expectedOffset", "expectedOffsetUnit",
		"applyTruncationLast", "matchesPathTemplate", "binaryEqualTo", "hasExactly", "includes",
		"url", "urlPath", "urlPattern", "urlPathPattern", "urlPathTemplate", "pathParameters", "headers", "queryParameters", "cookies",
		"formParameters", "bodyPatterns", "multipartPatterns", "matchingType", "fileName", "basicAuth", "host", "port", "scheme", "clientIp",
		"priority", "metadata", "scenarioName", "requiredScenarioState", "newScenarioState",
		"status", "statusMessage", "body", "jsonBody", "base64Body", "bodyFileName", "transformers", "transformerParameters", "fault",
		"fixedDelayMilliseconds", "delayDistribution", "chunkedDribbleDelay",
		"GET /__admin/requests", "POST /__admin/requests/count", "POST /__admin/requests/find", "POST /__admin/requests/remove",
		"POST /__admin/requests/remove-by-metadata", "GET /__admin/requests/unmatched", "GET /__admin/requests/unmatched/near-misses",
		"POST /__admin/near-misses/request", "POST /__admin/near-misses/request-pattern", "GET /__admin/mappings", "GET /__admin/mappings/{id}",
		"PUT /__admin/mappings/{id}", "DELETE /__admin/mappings/{id}", "GET /__admin/mappings/unmatched", "DELETE /__admin/mappings/unmatched",
		"POST /__admin/mappings/find-by-metadata", "POST /__admin/mappings/remove-by-metadata", "POST /__admin/mappings/remove",
		"POST /__admin/mappings/edit", "POST /__admin/mappings/import", "GET /__admin/scenarios", "PUT /__admin/scenarios/s/state",
		"POST /__admin/scenarios/reset", "GET /__admin/settings", "PUT /__admin/settings", "PATCH /__admin/settings/extended",
		"POST /__admin/recordings/snapshot", "DELETE /__admin/requests", "POST /__admin/reset",
	} {
		assert.True(t, seen[name], name)
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	c := Case{Requests: []Request{{}}}
	outcome := func(status int, text string) Outcome { return Outcome{Answers: []Answer{{status, text}}} }
	assert.Nil(t, compare(c, outcome(404, "page"), outcome(404, "page")))
	assert.Equal(t, "the status of the answer", compare(c, outcome(404, "page"), outcome(299, "")).What)
	assert.Equal(t, "the page of an unmatched request", compare(c, outcome(404, "page"), outcome(404, "other")).What)
	assert.Equal(t, "the answer", compare(c, outcome(299, "a"), outcome(299, "b")).What)
}

func TestGeneratorIsDeterministic(t *testing.T) {
	a, b := NewGenerator(7), NewGenerator(7)
	for range 200 {
		require.Equal(t, a.Case(), b.Case())
	}
}
