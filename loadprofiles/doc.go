// Package loadprofiles puts load on an environment with k6.
//
// A [Profile] is the shape of load as data: smoke, load, peak, stress, spike, soak and breakpoint. A [Config]
// names a profile, a rate and a duration, and what to send: the user's own k6 script or a list of requests.
// [Command] turns it into the files, arguments and environment of one k6 process. The caller decides where that
// process lives; [K6.Run] starts it as a child.
//
// k6 stays a program of its own. Its version is pinned in the nested module loadprofiles/k6, [Find] refuses another.
//
// k6 runs with its own thresholds and summary off, because both keep every sample in memory until the end, and writes
// no sample anywhere: text for each of the dozen samples of one request costs k6 a quarter of what the request
// itself does, and then it is not the application that is measured. Instead it aggregates by itself, by second, metric and
// tags, with the means that it has for its makers' cloud, and hands one message a second to [Relay]: counts, sums,
// minima and maxima, which are exact, and histograms whose buckets are narrower than 0.8 %. So memory does not grow
// with the run, and a [Recorder] folds what comes into a [Summary].
//
// What that costs is precision in two places. A second's requests are those that ended in it. And a percentile is
// known within 0.4 %: a threshold whose limit lies in the same bucket, which is within 0.8 %, is undecided.
//
// The script's own thresholds count: [K6.Inspect] reads them and the Recorder evaluates them. What could not be
// evaluated says so in [ThresholdResult.Status] and is never taken for a pass.
//
//	k6, err := loadprofiles.Find(ctx, loadprofiles.Lookup{})
//	cfg := loadprofiles.Config{Profile: "peak", Load: loadprofiles.Load{Rate: 300}, Script: "/src/checkout.js"}
//	script, err := k6.Inspect(ctx, cfg)                 // thresholds and scenarios of the script
//	inv, err := loadprofiles.Command(cfg, script, loadprofiles.Layout{Dir: "/run/load"})
//
//	// Write inv.Files, have [Relay] start inv.Args with inv.Env, there, and read what it writes, and k6's log, here:
//	rec := loadprofiles.NewRecorder(inv.Plan, func() { ... })
//	go rec.ReadMeasures(stream, func(m loadprofiles.Measure) { ... })
//	go rec.ReadLog(stderr, keep)
//	summary := rec.Summary(loadprofiles.Exit{Code: 0, Wall: wall, CPU: cpu})
//	for _, reason := range summary.Doubts() { ... } // why this run cannot be a pass
package loadprofiles
