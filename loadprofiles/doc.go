// Package loadprofiles puts load on an environment with k6.
//
// A [Profile] is the shape of load as data: smoke, load, peak, stress, spike, soak and breakpoint. A [Config]
// names a profile, a rate and a duration, and what to send: the user's own k6 script or a list of requests.
// [Command] turns it into the files, arguments and environment of one k6 process. The caller decides where that
// process lives; [K6.Run] starts it as a child.
//
// k6 stays a program of its own. Its version is pinned in the nested module loadprofiles/k6, [Find] refuses another.
//
// k6 runs with its own thresholds and summary off, because both keep every sample in memory until the end. The
// samples are streamed instead, as CSV, and a [Recorder] folds them into a [Summary] in bounded memory. The script's
// own thresholds still count: [K6.Inspect] reads them and the Recorder evaluates them over the stream, exactly, also
// the percentiles. What could not be evaluated says so in [ThresholdResult.Status] and is never taken for a pass.
//
//	k6, err := loadprofiles.Find(ctx, loadprofiles.Lookup{})
//	cfg := loadprofiles.Config{Profile: "peak", Load: loadprofiles.Load{Rate: 300}, Script: "/src/checkout.js"}
//	script, err := k6.Inspect(ctx, cfg)                 // thresholds and scenarios of the script
//	inv, err := loadprofiles.Command(cfg, script, loadprofiles.Layout{Dir: "/run/load"})
//
//	// Write inv.Files, start inv.Args with inv.Env, then read the CSV output and the log:
//	rec := loadprofiles.NewRecorder(inv.Plan)
//	go rec.ReadSamples(csv, func(p loadprofiles.Point) { ... })
//	go rec.ReadLog(stderr)
//	summary := rec.Summary(loadprofiles.Exit{Code: 0, Wall: wall, CPU: cpu})
//	for _, reason := range summary.Doubts() { ... } // why this run cannot be a pass
package loadprofiles
