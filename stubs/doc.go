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
//   - [Server.Unused] and [Server.Unmatched] are what a strict run fails on.
package stubs
