// Package stubs is an embeddable stub server that speaks WireMock: its mapping files, its matching, its templates and
// its admin API under /__admin, so that WireMock clients in any language drive it unchanged. Servers are cheap: they
// have no goroutine and no open file while idle, and any number lives in one process without seeing each other.
//
//	srv, err := stubs.New(stubs.Options{Dir: "testdata/payments"})   // mappings/ and __files/ as WireMock lays them out
//	if err != nil { … }
//	if err := srv.Start(); err != nil { … }                           // or mount srv as an http.Handler
//	defer srv.Close()
//	client := wiremock.NewClient(srv.URL())
//
// A server is an [http.Handler]; [Server.Start] is only for those who want it to listen by itself.
//
// # Control from outside
//
// The program that hosts servers can act on each of them while it serves, without the admin API:
//
//   - [Server.SetOverride] makes answers late or fail, for a share of the requests and until a lease ends, when the server
//     drops the override by itself; [Server.RenewOverride] extends the lease, [Server.OverrideEffect] says what was measured
//     and [Server.ClearOverride] ends it, letting go of requests that hang.
//   - [Options.OnServed] is called once per stubbed request after its response was sent.
//   - [Server.Stats] counts requests, matches and faults since the start; resetting the journal does not change it.
//   - [Server.Unused] and [Server.Unmatched] are what a strict run fails on; [Server.Nearest] says which stub an unmatched
//     request came nearest to and why that did not match, [Server.Verify] makes one error of it all. With [Options.Strict]
//     the server's own answer to an unmatched request ends with the nearest stub, and [Server.Close] verifies.
//   - [Server.WriteMetrics], or GET /__admin/metrics, gives Prometheus the counters and the histograms of added and served
//     latency; [WriteMetrics] those of many servers in one scrape.
//
// # Mappings in YAML
//
// Files of the mappings directory and [Options.Mappings] whose name ends in .yaml or .yml are YAML: the same members as in
// JSON, several documents in a file, anchors and merge keys. Errors tell file, line and column in both formats.
//
//	name: order
//	request: {method: GET, urlPathTemplate: "/orders/{id}"}
//	response:
//	  headers: {Content-Type: application/json}
//	  body: |
//	    {"id": "{{request.path.id}}"}
//	  transformers: [response-template]
//
// # Beyond WireMock: the member envd
//
// A mapping may have a member envd with what WireMock does not offer. It is read as strictly as the rest, the admin API
// keeps it, and mappings without it are served as WireMock serves them. All of its members are optional.
//
// Responses to one request after the other; what follows the last is then: repeat (it again, the default), loop (the first)
// or stop (the stub matches no more, so that another may):
//
//	request: {url: /jobs/1}
//	envd:
//	  sequence: [{status: 202}, {status: 202}, {body: done}]
//	  then: repeat
//
// Alternatives to the stub's response, each of which says itself when it is answered: to a share of the requests, to the
// nth or every n-th request, or by its weight among those of the requests that no share takes. What no alternative takes
// goes to the sequence, and without one to the response:
//
//	response: {body: fine}
//	envd:
//	  alternatives:
//	    - {status: 503, envd: {share: 5%}}
//	    - {status: 500, envd: {nth: 3}}
//	    - {fault: EMPTY_RESPONSE, envd: {every: 100}}
//
// [Options.Seed] makes choices repeat: the n-th request to a stub gets the same draw in every run, whatever is requested
// from other stubs meanwhile. Delays and the random helpers of templates are drawn in the order of all requests.
//
// Limits: requests get through per per (a second if not given), as many at once; others are answered with response, or
// with 429 and a Retry-After that is right. They count for nothing else:
//
//	envd:
//	  rateLimit: {requests: 10, per: 1s, response: {status: 429, headers: {Retry-After: "5"}}}
//
// State is keys with text values that outlive requests. A stub changes it with set (templates; null removes the key) and
// add (to a number), each of its responses with an envd of its own. A stub with when, WireMock's value patterns by key,
// matches only while they hold; templates of a stub with envd, its webhooks' too, read it as state. A request is matched,
// and the state changed, in one step: concurrent requests lose no change.
//
//	request: {method: POST, url: /cart}
//	response: {body: "{{state.items}} items", transformers: [response-template]}
//	envd:
//	  session: {cookie: sid}
//	  when: {user: {matches: ".+"}}
//	  set: {last: "{{jsonPath request.body '$.sku'}}"}
//	  add: {items: 1}
//
// With session (a cookie, header or query parameter, or path: a variable of the path template or the number of a segment)
// each client has its own state, sequence, counts and limits; templates read its key as session. Requests without it share
// one. [Server.State], [Server.SetState] and GET /__admin/state show and change the state; it ends, and sequences and counts
// begin anew, with [Server.ResetState], DELETE /__admin/state, and the admin API's resets.
//
// Callbacks are WireMock's webhooks (serveEventListeners).
//
// A stub with a lifetime is gone when that has passed since it was stored or, from a file, loaded:
//
//	envd: {ttl: 10m}
//
// # Bounds
//
// Memory is bounded unless the options say otherwise: 100,000 stubs ([Options.MaxStubs]), 10,000 requests and 16 MiB in the
// journal ([Journal]), 10,000 sessions and 16 MiB of state ([State]), 64 MiB for a request body, 10,000 compiled templates,
// 256 MiB of files that the admin API stores in memory ([Options.MaxFiles]), 10,000 webhooks and 64 MiB of theirs that wait
// to be sent.
package stubs
