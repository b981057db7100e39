package stubs_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/wiremock/go-wiremock"

	"github.com/envd-dev/envd/stubs"
)

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_700_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bodies sends the same request n times; what is no 200 is shown by its status.
func bodies(s http.Handler, n int, target string, header ...string) string {
	var out []string
	for range n {
		a := send(s, "GET", target, "", header...)
		if a.status != http.StatusOK {
			a.body = fmt.Sprint(a.status)
		}
		out = append(out, a.body)
	}
	return strings.Join(out, " ")
}

func TestSequences(t *testing.T) {
	const abc = `"sequence":[{"body":"a"},{"body":"b"},{"status":503}]`
	for then, want := range map[string]string{
		``:                 "a b 503 503 503 503 503",
		`,"then":"repeat"`: "a b 503 503 503 503 503",
		`,"then":"loop"`:   "a b 503 a b 503 a",
		`,"then":"stop"`:   "a b 503 404 404 404 404",
	} {
		s := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"response":{"body":"own"},"envd":{`+abc+then+`}}`)
		assert.Equal(t, want, bodies(s, 7, "/x"), then)
	}
}

func TestAStoppedSequenceLeavesTheRequestToOtherStubs(t *testing.T) {
	s := newServer(t, stubs.Options{},
		`{"request":{"urlPathPattern":"/.*"},"response":{"body":"other"},"priority":9}`,
		`{"request":{"url":"/x"},"envd":{"sequence":[{"body":"a"}],"then":"stop"}}`)
	assert.Equal(t, "a other other", bodies(s, 3, "/x"))
}

func TestSequencesPerSession(t *testing.T) {
	for name, c := range map[string]struct {
		session, first, second string
		header                 [2][]string
	}{
		"header":   {`{"header":"X-Client"}`, "/s/1", "/s/1", [2][]string{{"X-Client", "1"}, {"X-Client", "2"}}},
		"cookie":   {`{"cookie":"sid"}`, "/s/1", "/s/1", [2][]string{{"Cookie", "a=b; sid=1"}, {"Cookie", "sid=2"}}},
		"query":    {`{"query":"c"}`, "/s/1?c=1", "/s/1?c=2", [2][]string{}},
		"segment":  {`{"path":1}`, "/s/1", "/s/2", [2][]string{}},
		"variable": {`{"path":"id"}`, "/s/1", "/s/2", [2][]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, stubs.Options{}, `{"request":{"urlPathTemplate":"/s/{id}"},"envd":{"session":`+c.session+`,"sequence":[{"body":"a"},{"body":"b"},{"body":"c"}]}}`)
			assert.Equal(t, "a b", bodies(s, 2, c.first, c.header[0]...))
			assert.Equal(t, "a", bodies(s, 1, c.second, c.header[1]...))
			assert.Equal(t, "c", bodies(s, 1, c.first, c.header[0]...))
		})
	}
}

func TestNthAndEvery(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"response":{"body":"-"},"envd":{"alternatives":[
		{"body":"second","envd":{"nth":2}},{"body":"third","envd":{"every":3}}],"sequence":[{"body":"a"},{"body":"b"}]}}`)
	assert.Equal(t, "a second third b b third b", bodies(s, 7, "/x"), "what an alternative answers does not move the sequence on")
}

func TestSharesAndWeights(t *testing.T) {
	const requests = 4000
	count := func(s http.Handler) map[string]int {
		got := map[string]int{}
		for range requests {
			got[send(s, "GET", "/x", "").body]++
		}
		return got
	}
	s := newServer(t, stubs.Options{Seed: 42}, `{"request":{"url":"/x"},"response":{"body":"own"},"envd":{"alternatives":[
		{"body":"five","envd":{"share":"5%"}},{"body":"quarter","envd":{"share":0.25}}]}}`)
	got := count(s)
	assert.InDelta(t, 0.05*requests, got["five"], 60)
	assert.InDelta(t, 0.25*requests, got["quarter"], 120)
	assert.InDelta(t, 0.70*requests, got["own"], 130)

	s = newServer(t, stubs.Options{Seed: 42}, `{"request":{"url":"/x"},"response":{"body":"own"},"envd":{"alternatives":[
		{"body":"half","envd":{"share":"50%"}},{"body":"one","envd":{"weight":1}},{"body":"three","envd":{"weight":3}}]}}`)
	got = count(s)
	assert.InDelta(t, 0.5*requests, got["half"], 130)
	assert.InDelta(t, 0.125*requests, got["one"], 100)
	assert.InDelta(t, 0.375*requests, got["three"], 130)
	assert.Zero(t, got["own"], "weights take all that shares leave")
}

func TestASeedReplaysChoicesWhateverComesBetween(t *testing.T) {
	const mapping = `{"request":{"url":"/x"},"response":{"body":"-"},"envd":{"session":{"header":"C"},"alternatives":[{"body":"!","envd":{"share":"50%"}}]}}`
	run := func(seed uint64, others int) string {
		s := newServer(t, stubs.Options{Seed: seed}, mapping, `{"request":{"url":"/y"},"envd":{"alternatives":[{"envd":{"share":0.5}}]}}`)
		var b strings.Builder
		for range 40 {
			b.WriteString(bodies(s, 1, "/x", "C", "one"))
			bodies(s, others, "/y")
			bodies(s, others, "/x", "C", "two")
		}
		return b.String()
	}
	assert.Equal(t, run(7, 0), run(7, 3))
	assert.NotEqual(t, run(7, 0), run(8, 0))
}

func TestStubsDoNotDrawAlike(t *testing.T) {
	one := func(url string) string {
		return `{"request":{"url":"` + url + `"},"response":{"body":"-"},"envd":{"alternatives":[{"body":"!","envd":{"share":"50%"}}]}}`
	}
	s := newServer(t, stubs.Options{Seed: 7}, one("/x"), one("/y"))
	assert.NotEqual(t, bodies(s, 40, "/x"), bodies(s, 40, "/y"))
}

func TestRateLimits(t *testing.T) {
	c := newClock()
	s := newServer(t, stubs.Options{Clock: c.Now},
		`{"request":{"url":"/plain"},"response":{"body":"ok"},"envd":{"rateLimit":{"requests":2}}}`,
		`{"request":{"url":"/own"},"response":{"body":"ok"},"envd":{"session":{"header":"Key"},"rateLimit":{"requests":1,"per":"1m","response":{"status":503,"body":"slow down"}},"add":{"served":1}}}`)
	assert.Equal(t, "ok ok 429", bodies(s, 3, "/plain"))
	assert.Equal(t, "1", send(s, "GET", "/plain", "").header.Get("Retry-After"))
	c.advance(500 * time.Millisecond)
	assert.Equal(t, "ok 429", bodies(s, 2, "/plain"), "half of the two came back after half a second")
	c.advance(time.Hour)
	assert.Equal(t, "ok ok 429", bodies(s, 3, "/plain"), "not more than two are saved up")

	assert.Equal(t, "ok 503", bodies(s, 2, "/own", "Key", "a"))
	assert.Equal(t, "ok", bodies(s, 1, "/own", "Key", "b"))
	assert.Equal(t, "1", s.State("a")["served"], "what was limited changes nothing")
}

func TestLimitedRequestsDoNotMoveAScenario(t *testing.T) {
	c := newClock()
	s := newServer(t, stubs.Options{Clock: c.Now},
		`{"request":{"url":"/x"},"response":{"body":"later"},"scenarioName":"S","requiredScenarioState":"two"}`,
		`{"request":{"url":"/x"},"response":{"body":"one"},"scenarioName":"S","requiredScenarioState":"Started","newScenarioState":"two","envd":{"rateLimit":{"requests":1,"per":"1m"}}}`)
	assert.Equal(t, "one later", bodies(s, 2, "/x"))
	send(s, "PUT", "/__admin/scenarios/S/state", `{"state":"Started"}`)
	assert.Equal(t, "429 429", bodies(s, 2, "/x"))
	c.advance(time.Minute)
	assert.Equal(t, "one later", bodies(s, 2, "/x"))
}

func TestState(t *testing.T) {
	s := newServer(t, stubs.Options{},
		`{"request":{"method":"POST","url":"/login"},"response":{"status":204},"envd":{"session":{"cookie":"sid"},"set":{"user":"{{jsonPath request.body '$.name'}}","visits":0}}}`,
		`{"request":{"url":"/me"},"response":{"status":401}}`,
		`{"request":{"url":"/me"},"response":{"body":"{{state.user}}/{{state.visits}}/{{session}}","transformers":["response-template"]},
		  "envd":{"session":{"cookie":"sid"},"when":{"user":{"matches":".+"}},"add":{"visits":1}}}`,
		`{"request":{"url":"/logout"},"response":{"envd":{"set":{"user":null}}},"envd":{"session":{"cookie":"sid"}}}`)
	me := func(sid string) string { return bodies(s, 1, "/me", "Cookie", "sid="+sid) }
	login := func(sid, name string) {
		assert.Equal(t, 204, send(s, "POST", "/login", `{"name":"`+name+`"}`, "Cookie", "sid="+sid).status)
	}
	assert.Equal(t, "401", me("1"))
	login("1", "Ada")
	login("2", "Grace")
	assert.Equal(t, "Ada/1/1", me("1"))
	assert.Equal(t, "Ada/2/1", me("1"))
	assert.Equal(t, "Grace/1/2", me("2"))
	bodies(s, 1, "/logout", "Cookie", "sid=1")
	assert.Equal(t, "401", me("1"))
	assert.Equal(t, map[string]string{"visits": "2"}, s.State("1"))
	require.NoError(t, s.SetState("1", "user", "Eve"))
	assert.Equal(t, "Eve/3/1", me("1"))

	assert.JSONEq(t, `{"sessions":[{"session":"1","state":{"user":"Eve","visits":"3"}},{"session":"2","state":{"user":"Grace","visits":"1"}}]}`,
		send(s, "GET", "/__admin/state", "").body)
	assert.Equal(t, 200, send(s, "DELETE", "/__admin/state", "").status)
	assert.Equal(t, "401", me("2"))
}

func TestStateThatCannotBeMadeIsAnError(t *testing.T) {
	s := newServer(t, stubs.Options{State: stubs.State{Bytes: 1000}},
		`{"request":{"url":"/add"},"envd":{"set":{"n":"many"},"add":{"n":1}}}`,
		`{"request":{"url":"/big"},"envd":{"set":{"n":"{{request.body}}"}}}`)
	a := send(s, "GET", "/add", "")
	assert.Equal(t, 500, a.status)
	assert.Contains(t, a.body, `state n is "many"`)
	assert.Empty(t, s.State(""), "all changes of a request or none")
	a = send(s, "POST", "/big", strings.Repeat("x", 2000))
	assert.Equal(t, 500, a.status)
	assert.Contains(t, a.body, "full")
	assert.Equal(t, 200, send(s, "POST", "/big", "x").status)
}

func TestStateIsBounded(t *testing.T) {
	s := newServer(t, stubs.Options{State: stubs.State{Sessions: 3}},
		`{"request":{"url":"/x"},"response":{"body":"ok"},"envd":{"session":{"header":"C"},"set":{"seen":"{{session}}"}}}`)
	for i := range 50 {
		bodies(s, 1, "/x", "C", fmt.Sprint(i))
	}
	assert.Empty(t, s.State("46"))
	assert.Equal(t, "47", s.State("47")["seen"])
	assert.Equal(t, "49", s.State("49")["seen"])
}

// TestConcurrentRequestsTakeEachStepOnce is about sequences, counts and read-modify-write of the state.
func TestConcurrentRequestsTakeEachStepOnce(t *testing.T) {
	const workers, each = 8, 50
	var sequence []string
	for i := range workers * each {
		sequence = append(sequence, fmt.Sprintf(`{"body":"%d"}`, i))
	}
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"envd":{"sequence":[`+strings.Join(sequence, ",")+`],"then":"stop","set":{"n":"{{math (val state.n or=0) '+' 1}}"},"add":{"m":1}}}`)
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				body := send(s, "GET", "/x", "").body
				mu.Lock()
				seen[body]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.Len(t, seen, workers*each)
	assert.Equal(t, map[string]string{"n": "400", "m": "400"}, s.State(""))
	assert.Equal(t, 404, send(s, "GET", "/x", "").status)
}

func TestExtensionsAreReadStrictly(t *testing.T) {
	for mapping, want := range map[string]string{
		`{"envd":{"sequenz":[]}}`:                                                 `/envd/sequenz: envd has no field "sequenz"`,
		`{"envd":[]}`:                                                             "/envd: envd must be an object",
		`{"envd":{"sequence":[]}}`:                                                "/envd/sequence: must be a list of responses",
		`{"envd":{"sequence":[{"stat":1}]}}`:                                      "/envd/sequence/0/stat: Unrecognized field",
		`{"envd":{"then":"loop"}}`:                                                "/envd/then: then says what follows a sequence",
		`{"envd":{"sequence":[{}],"then":"again"}}`:                               "/envd/then: must be repeat, loop or stop",
		`{"envd":{"ttl":10}}`:                                                     "/envd/ttl: must be a duration",
		`{"envd":{"ttl":"-1s"}}`:                                                  "/envd/ttl: must be a duration",
		`{"envd":{"alternatives":[{"status":500}]}}`:                              "/envd/alternatives/0: an alternative needs",
		`{"envd":{"alternatives":[{"envd":{"share":"0%"}}]}}`:                     "/envd/alternatives/0/envd/share: must be a share",
		`{"envd":{"alternatives":[{"envd":{"share":"101%"}}]}}`:                   "/envd/alternatives/0/envd/share: must be a share",
		`{"envd":{"alternatives":[{"envd":{"share":1}},{"envd":{"share":0.1}}]}}`: "/envd/alternatives: the shares add up",
		`{"envd":{"alternatives":[{"envd":{"share":1,"nth":1}}]}}`:                "/envd/alternatives/0/envd: a response is chosen by one",
		`{"envd":{"alternatives":[{"envd":{"nth":0}}]}}`:                          "/envd/alternatives/0/envd/nth: must be a whole number",
		`{"envd":{"sequence":[{"envd":{"nth":1}}]}}`:                              "/envd/sequence/0/envd: share, weight, nth and every are for",
		`{"response":{"envd":{"share":"5%"}}}`:                                    "/response/envd: share, weight, nth and every are for",
		`{"response":{"envd":{"x":1}}}`:                                           `/response/envd/x: envd has no field "x"`,
		`{"envd":{"session":{}}}`:                                                 "/envd/session: a session comes from one of",
		`{"envd":{"session":{"cookie":"a","header":"b"}}}`:                        "/envd/session: a session comes from one of",
		`{"envd":{"rateLimit":{"per":"1s"}}}`:                                     "/envd/rateLimit: rateLimit needs requests",
		`{"envd":{"rateLimit":{"requests":1,"unit":"s"}}}`:                        `/envd/rateLimit/unit: rateLimit has no field "unit"`,
		`{"envd":{"when":{"a":{"equalz":"b"}}}}`:                                  "/envd/when/a",
		`{"envd":{"add":{"a":"x"}}}`:                                              "/envd/add/a",
		`{"envd":{"set":{"a":"{{#each}}"}}}`:                                      "/envd/set/a",
	} {
		s := newServer(t, stubs.Options{})
		a := send(s, "POST", "/__admin/mappings", mapping)
		assert.Equal(t, 422, a.status, mapping)
		pointer, message, _ := strings.Cut(want, ": ")
		assert.Contains(t, a.body, `"pointer" : "`+pointer+`"`, mapping)
		assert.Contains(t, strings.ReplaceAll(a.body, `\"`, `"`), message, mapping)
	}
}

func TestEveryProblemOfAnExtensionIsReported(t *testing.T) {
	var got []string
	for _, p := range stubs.CheckMappings("a.json", []byte("{\n\"envd\": {\n\"ttl\": 1,\n\"nope\": 2,\n\"session\": {\"a\": 1}\n}}")) {
		got = append(got, p.Error())
	}
	require.Len(t, got, 3)
	all := strings.Join(got, "\n")
	assert.Contains(t, all, "a.json:3:8: must be a duration")
	assert.Contains(t, all, `a.json:4:9: envd has no field "nope"`)
	assert.Contains(t, all, `a.json:5:18: session has no field "a"`)
}

// TestScriptsThroughGoWiremock drives a scripted stub by WireMock's own Go client: the client does not know the block, the
// admin API keeps it.
func TestScriptsThroughGoWiremock(t *testing.T) {
	s := newServer(t, stubs.Options{})
	require.NoError(t, s.Start())
	client := wiremock.NewClient(s.URL())
	resp, err := http.Post(s.URL()+"/__admin/mappings", "application/json", strings.NewReader(
		`{"request":{"urlPath":"/job"},"response":{"body":"own","envd":{"add":{"own":1}}},"envd":{"ttl":"1h","sequence":[{"status":202},{"body":"done"}],"set":{"a":{"b":1}}}}`))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 201, resp.StatusCode)
	require.NoError(t, client.StubFor(wiremock.Get(wiremock.URLPathEqualTo("/plain")).WillReturnResponse(wiremock.NewResponse().WithStatus(204))))

	for _, want := range []int{202, 200, 200} {
		resp, err := http.Get(s.URL() + "/job")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.StatusCode)
	}
	n, err := client.GetCountRequests(wiremock.NewRequest("GET", wiremock.URLPathEqualTo("/job")))
	require.NoError(t, err)
	assert.Equal(t, int64(3), n)
	assert.Equal(t, `{"b":1}`, s.State("")["a"])

	listed := send(s, "GET", "/__admin/mappings", "").body
	compact := strings.Join(strings.Fields(listed), "")
	assert.Contains(t, compact, `"envd":{"ttl":"1h","sequence":[{"status":202},{"body":"done"}],"set":{"a":{"b":1}}}`)
	assert.Contains(t, compact, `"envd":{"add":{"own":1}}`)

	require.NoError(t, client.ResetAllScenarios())
	assert.Equal(t, 202, send(s, "GET", "/job", "").status, "sequences begin anew with the scenarios")
	require.NoError(t, client.Reset())
	assert.Equal(t, 404, send(s, "GET", "/job", "").status)
}

func TestWebhooksReadTheState(t *testing.T) {
	calls := make(chan string, 1)
	target := newServer(t, stubs.Options{OnServed: func(v stubs.Served) { calls <- v.Path }}, `{}`)
	require.NoError(t, target.Start())
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"envd":{"add":{"n":1}},
		"serveEventListeners":[{"name":"webhook","parameters":{"url":"`+target.URL()+`/called/{{state.n}}"}}]}`)
	send(s, "GET", "/x", "")
	assert.Equal(t, "/called/1", <-calls)
}

func BenchmarkScript(b *testing.B) {
	for name, envd := range map[string]string{
		"sequence":  `{"sequence":[{"body":"a"},{"body":"b"}],"then":"loop"}`,
		"share":     `{"alternatives":[{"status":503,"envd":{"share":"5%"}}]}`,
		"rateLimit": `{"rateLimit":{"requests":1000000}}`,
		"state":     `{"session":{"header":"C"},"when":{"x":{"absent":true}},"add":{"n":1}}`,
	} {
		b.Run(name, func(b *testing.B) {
			s := newServer(b, stubs.Options{}, `{"request":{"method":"GET","urlPath":"/thing"},"response":{"body":"x"},"envd":`+envd+`}`)
			benchmarkServe(b, s, "GET", "/thing", "")
		})
	}
}
