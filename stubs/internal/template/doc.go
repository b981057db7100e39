// Package template renders the Handlebars dialect of WireMock 3.13: Handlebars.java 4.3 with escaping off, its built-in
// helpers and WireMock's own, 80 in all, over WireMock's request model.
//
// The engine is our own because no Go library has these semantics. The best kept one (mailgun/raymond, a fork of
// aymerick/raymond) follows Handlebars.js: it strips standalone lines, ignores a missing helper, keeps its helpers in a
// global registry that panics, knows neither the lookups by Java property (request.url.length, headers.X.first), the
// list-or-single values, nor the rule that lookup returns its context when it finds nothing. It also makes four times the
// allocations of this package (94 against 22 for the mixed template of BenchmarkRender, where it takes about three times as
// long).
//
// A template is compiled once and rendered often, by many goroutines at once:
//
//	e, err := template.New(template.Options{})
//	t, err := e.Compile("Hello {{request.query.name}}")
//	out, err := t.Render(ctx, template.NewModel(template.RequestName, request, nil, nil))
//
// Failures are of two kinds, as in WireMock: a [CompileError] (the server answers with its error page) and a
// [RenderError] (the server answers 500, text/plain, with the message). A [LimitError] is ours: the original has no bounds.
// Mistakes that a helper recognises are no errors:
// the helper renders "[ERROR: …]".
//
// Values are modelled on Java's, since templates can see the difference: null is nil, Integer is int32, Long is int64,
// Double is float64, BigInteger is *big.Int, BigDecimal is Decimal, a String is string, and lists, maps and dates are
// [*List], [*Map] and Date. Where Java's behaviour shows through (the order of a HashMap, the words of a
// ClassCastException), it is reproduced.
package template
