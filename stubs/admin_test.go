package stubs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/wiremock/go-wiremock"

	"github.com/envd-dev/envd/stubs"
)

func TestGoWireMockDrivesTheServer(t *testing.T) {
	s := started(t, stubs.Options{})
	client := wiremock.NewClient(s.URL())
	stub := wiremock.Post(wiremock.URLPathEqualTo("/user")).
		WithQueryParam("name", wiremock.EqualTo("John Doe")).
		WithHeader("X-Kind", wiremock.Matching("a|b")).
		WithBodyPattern(wiremock.EqualToJson(`{"meta":"information"}`, wiremock.IgnoreExtraElements)).
		WillReturnResponse(wiremock.NewResponse().WithStatus(201).WithJSONBody(map[string]any{"code": 400})).
		AtPriority(1)
	require.NoError(t, client.StubFor(stub))

	assert.Equal(t, 404, send(s, "POST", "/user?name=John+Doe", `{"meta":"information"}`).status)
	a := send(s, "POST", "/user?name=John%20Doe", `{"meta":"information","more":1}`, "X-Kind", "b")
	assert.Equal(t, 201, a.status)
	assert.JSONEq(t, `{"code":400}`, a.body)

	count, err := client.GetCountRequests(stub.Request())
	require.NoError(t, err)
	assert.Equal(t, int64(1), count)
	matched, err := client.Verify(stub.Request(), 1)
	require.NoError(t, err)
	assert.True(t, matched)
	found, err := client.FindRequestsByCriteria(stub.Request())
	require.NoError(t, err)
	require.Len(t, found.Requests, 1)
	assert.Equal(t, "/user?name=John%20Doe", found.Requests[0].URL)
	unmatched, err := client.FindUnmatchedRequests()
	require.NoError(t, err)
	assert.Len(t, unmatched.Requests, 1)

	require.NoError(t, client.DeleteStub(stub))
	assert.Equal(t, 404, send(s, "POST", "/user?name=John%20Doe", `{"meta":"information"}`, "X-Kind", "b").status)
	require.NoError(t, client.Reset())
	all, err := client.GetAllRequests()
	require.NoError(t, err)
	assert.Empty(t, all.Requests)
	require.NoError(t, client.Clear())
}

func TestGoWireMockScenarios(t *testing.T) {
	s := started(t, stubs.Options{})
	client := wiremock.NewClient(s.URL())
	state := func(required, next, body string) *wiremock.StubRule {
		return wiremock.Get(wiremock.URLPathEqualTo("/status")).
			WillReturnResponse(wiremock.NewResponse().WithBody(body).WithStatus(200)).
			InScenario("deploy").WhenScenarioStateIs(required).WillSetStateTo(next)
	}
	require.NoError(t, client.StubFor(state(wiremock.ScenarioStateStarted, "busy", "queued")))
	require.NoError(t, client.StubFor(state("busy", "done", "busy")))
	require.NoError(t, client.StubFor(state("done", "done", "done")))
	for _, want := range []string{"queued", "busy", "done", "done"} {
		assert.Equal(t, want, send(s, "GET", "/status", "").body)
	}
	require.NoError(t, client.ResetAllScenarios())
	assert.Equal(t, "queued", send(s, "GET", "/status", "").body)
}

// Of many concurrent requests exactly one sees each state of a scenario.
func TestScenarioTransitionsAreAtomic(t *testing.T) {
	s := newServer(t, stubs.Options{},
		`{"scenarioName":"once","requiredScenarioState":"Started","newScenarioState":"taken","request":{"url":"/x"},"response":{"status":201}}`,
		`{"scenarioName":"once","requiredScenarioState":"taken","request":{"url":"/x"},"response":{"status":409}}`)
	for range 20 {
		send(s, "POST", "/__admin/scenarios/reset", "")
		var first atomic.Int32
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				if send(s, "GET", "/x", "").status == 201 {
					first.Add(1)
				}
			})
		}
		group.Wait()
		require.Equal(t, int32(1), first.Load())
	}
}

func TestPersistentMappingsSurviveTheServer(t *testing.T) {
	dir := t.TempDir()
	s := newServer(t, stubs.Options{Dir: dir})
	a := send(s, "POST", "/__admin/mappings", `{"id":"11111111-1111-4111-8111-111111111111","name":"My Stub / Näme!","persistent":true,"request":{"url":"/kept"}}`)
	require.Equal(t, 201, a.status)
	require.Equal(t, 201, send(s, "POST", "/__admin/mappings", `{"request":{"url":"/lost"}}`).status)
	require.Equal(t, 200, send(s, "PUT", "/__admin/files/a/b.txt", "content").status)
	file := filepath.Join(dir, "mappings", "my-stub--nme-11111111-1111-4111-8111-111111111111.json")
	require.FileExists(t, file)

	again := newServer(t, stubs.Options{Dir: dir})
	assert.Equal(t, 200, send(again, "GET", "/kept", "").status)
	assert.Equal(t, 404, send(again, "GET", "/lost", "").status)
	assert.Equal(t, "content", send(again, "GET", "/a/b.txt", "").body)
	require.Equal(t, 200, send(again, "DELETE", "/__admin/mappings/11111111-1111-4111-8111-111111111111", "").status)
	assert.NoFileExists(t, file)

	require.Equal(t, 200, send(s, "POST", "/__admin/mappings/save", "").status)
	names, err := os.ReadDir(filepath.Join(dir, "mappings"))
	require.NoError(t, err)
	assert.Len(t, names, 2)
}

// Only the removal of all mappings takes the files of those that do not ask to be persistent.
func TestRemovingAllMappingsRemovesTheirFiles(t *testing.T) {
	dir := t.TempDir()
	for name, doc := range map[string]string{
		"one.json":     `{"id":"11111111-1111-4111-8111-111111111111","request":{"url":"/one"}}`,
		"sub/two.json": `{"request":{"url":"/two"}}`,
		"many.json":    `{"mappings":[{"request":{"url":"/three"}},{"request":{"url":"/four"}}]}`,
	} {
		file := filepath.Join(dir, "mappings", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(doc), 0o600))
	}
	s := newServer(t, stubs.Options{Dir: dir})
	one := filepath.Join(dir, "mappings", "one.json")
	require.Equal(t, 200, send(s, "DELETE", "/__admin/mappings/11111111-1111-4111-8111-111111111111", "").status)
	require.FileExists(t, one)
	send(s, "POST", "/__admin/mappings/reset", "")
	require.Equal(t, 200, send(s, "GET", "/one", "").status)
	require.Equal(t, 200, send(s, "DELETE", "/__admin/mappings", "").status)
	assert.NoFileExists(t, one)
	assert.NoFileExists(t, filepath.Join(dir, "mappings", "sub", "two.json"))
	send(s, "POST", "/__admin/mappings/reset", "")
	assert.Contains(t, send(s, "GET", "/__admin/mappings", "").body, `"total" : 2`, "a file with several mappings stays")
}

func TestFilesCannotLeaveTheirDirectory(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "__files"), 0o700))
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "__files", "link")))
	s := newServer(t, stubs.Options{Dir: dir},
		`{"request":{"url":"/t"},"response":{"bodyFileName":"../secret"}}`, `{"request":{"url":"/l"},"response":{"bodyFileName":"link/secret"}}`)
	for _, target := range []string{
		"/__admin/files/../secret", "/__admin/files/%2e%2e/secret", "/__admin/files/..%2fsecret", "/__admin/files/link/secret",
		"/../secret", "/link/secret", "/t", "/l",
	} {
		assert.NotContains(t, send(s, "GET", target, "").body, "secret\n", target)
		assert.NotEqual(t, "secret", send(s, "GET", target, "").body, target)
	}
	send(s, "PUT", "/__admin/files/..%2fplanted", "x")
	send(s, "PUT", "/__admin/files/link/planted", "x")
	assert.NoFileExists(t, filepath.Join(dir, "planted"))
}

func TestImportOptions(t *testing.T) {
	const a, b = `"11111111-1111-4111-8111-11111111111a"`, `"11111111-1111-4111-8111-11111111111b"`
	s := newServer(t, stubs.Options{}, `{"id":`+a+`,"request":{"url":"/a"}}`, `{"id":`+b+`,"request":{"url":"/b"}}`)
	require.Equal(t, 200, send(s, "POST", "/__admin/mappings/import",
		`{"mappings":[{"id":`+a+`,"request":{"url":"/a2"}},{"request":{"url":"/c"}}],"importOptions":{"duplicatePolicy":"IGNORE"}}`).status)
	assert.Equal(t, 200, send(s, "GET", "/a", "").status)
	assert.Equal(t, 200, send(s, "GET", "/c", "").status)
	require.Equal(t, 200, send(s, "POST", "/__admin/mappings/import",
		`{"mappings":[{"id":`+a+`,"request":{"url":"/a2"}}],"importOptions":{"deleteAllNotInImport":true}}`).status)
	assert.Equal(t, 200, send(s, "GET", "/a", "").status, "options without a policy keep what is there")
	require.Equal(t, 200, send(s, "POST", "/__admin/mappings/import", `{"mappings":[{"id":`+a+`,"request":{"url":"/a2"}}],"$schema":"x"}`).status)
	assert.Equal(t, 200, send(s, "GET", "/a2", "").status, "no options at all overwrite")
	assert.Equal(t, 404, send(s, "GET", "/b", "").status)
}

// The journal is bounded by number and, through GET /requests, shows the newest first.
func TestJournalBounds(t *testing.T) {
	s := newServer(t, stubs.Options{Journal: stubs.Journal{Entries: 3}})
	for _, u := range []string{"/1", "/2", "/3", "/4"} {
		send(s, "GET", u, "")
	}
	var got struct {
		Requests []struct {
			Request struct{ URL string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(send(s, "GET", "/__admin/requests", "").body), &got))
	require.Len(t, got.Requests, 3)
	assert.Equal(t, "/4", got.Requests[0].Request.URL)
	assert.Equal(t, "/2", got.Requests[2].Request.URL)

	off := newServer(t, stubs.Options{Journal: stubs.Journal{Disabled: true}})
	send(off, "GET", "/", "")
	assert.JSONEq(t, `{"count":-1,"requestJournalDisabled":true}`, send(off, "POST", "/__admin/requests/count", `{}`).body)
	for path, method := range map[string]string{"requests": "GET", "requests/unmatched/near-misses": "GET", "requests/remove": "POST",
		"near-misses/request-pattern": "POST", "recordings/start": "POST", "recordings/snapshot": "POST"} {
		a := send(off, method, "/__admin/"+path, `{}`)
		assert.Equal(t, 500, a.status, path)
		assert.Contains(t, a.body, "RequestJournalDisabledException: The request journal is disabled", path)
	}

	refused := send(off, "DELETE", "/__admin/mappings/unmatched", "")
	assert.Equal(t, 500, refused.status)
	assert.Empty(t, refused.body, "Jetty makes no page for this method")

	none := newServer(t, stubs.Options{Journal: stubs.Journal{Empty: true}})
	send(none, "GET", "/", "")
	assert.JSONEq(t, `{"requests":[],"meta":{"total":0},"requestJournalDisabled":false}`, send(none, "GET", "/__admin/requests", "").body)
}

func TestLoggedBodiesAreCut(t *testing.T) {
	for limit, want := range map[int]string{0: "0123456789", 4: "0123", -1: ""} {
		s := newServer(t, stubs.Options{Journal: stubs.Journal{ResponseBodyLimit: limit}}, `{"request":{"url":"/a"},"response":{"body":"0123456789"}}`)
		require.Equal(t, "0123456789", send(s, "GET", "/a", "").body)
		assert.Contains(t, send(s, "GET", "/__admin/requests", "").body, `"body" : "`+want+`"`)
	}
}

func TestSourcesThatAreLoadedOnce(t *testing.T) {
	doc := func(url string) []byte { return []byte(`{"request":{"url":"` + url + `"}}`) }
	s, err := stubs.New(stubs.Options{Mappings: []stubs.Source{{Name: "a", Document: doc("/once"), Once: true}, {Name: "b", Document: doc("/always")}}})
	require.NoError(t, err)
	assert.Equal(t, 200, send(s, "GET", "/once", "").status)
	send(s, "POST", "/__admin/mappings/reset", "")
	assert.Equal(t, 404, send(s, "GET", "/once", "").status)
	assert.Equal(t, 200, send(s, "GET", "/always", "").status)
}

func TestAdminErrors(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"scenarioName":"s","requiredScenarioState":"Started","request":{"url":"/"}}`)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/mappings/nope", "", 400, `{"errors":[{"code":10,"title":"nope is not a valid UUID"}]}`},
		{"GET", "/requests?since=x", "", 400, `{"errors":[{"code":10,"source":{"pointer":"since"},"title":"x is not a valid ISO8601 date"}]}`},
		{"GET", "/requests?matchingStub=", "", 400, `{"errors":[{"code":15,"title":"Query parameter matchingStub value '' is not a valid UUID"}]}`},
		{"PUT", "/scenarios/none/state", "", 404, `{"errors":[{"code":404,"title":"Scenario none does not exist"}]}`},
		{"PUT", "/scenarios/s/state", `{"state":"x"}`, 422, `{"errors":[{"code":11,"title":"Scenario s does not support state x"}]}`},
		{"POST", "/mappings", `{"request":{"headers":{"a":{"foo":"x"}}}}`, 422, `{"errors":[{"code":10,"source":{"pointer":"/request/headers/a"},"title":"Error parsing JSON","detail":"{\"foo\":\"x\"} is not a valid match operation"}]}`},
		{"POST", "/mappings", ``, 422, `{"errors":[{"code":10,"source":{"pointer":"/"},"title":"Error parsing JSON","detail":"No content to map due to end-of-input"}]}`},
		{"POST", "/recordings/stop", ``, 400, `{"errors":[{"code":30,"title":"Not currently recording."}]}`},
	} {
		a := send(s, c.method, "/__admin"+c.path, c.body)
		assert.Equal(t, c.status, a.status, c.path)
		assert.JSONEq(t, c.want, a.body, c.path)
	}
	for query, want := range map[string]string{
		"mappings?limit=": "NumberFormatException: For input string: &#34;&#34;", "requests?limit=99999999999": "NumberFormatException",
		"mappings?offset=-1": "offset must be 0 or greater", "mappings?offset=2": "fromIndex(2) &gt; toIndex(1)",
	} {
		a := send(s, "GET", "/__admin/"+query, "")
		assert.Equal(t, 500, a.status, query)
		assert.Contains(t, a.body, want)
	}
	for _, path := range []string{"/nope", "/mappings/", "/requests/reset"} {
		assert.Equal(t, 404, send(s, "POST", "/__admin"+path, "").status, path)
	}
}
