package loadprofiles

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Layout says where things are as the k6 process sees them, which may be inside another mount namespace.
type Layout struct {
	K6     string // the executable; default "k6"
	Dir    string // absolute; a directory for the generated files, also k6's HOME and working directory
	Script string // where Config.Script is found there; default the same path
}

// Invocation is one k6 process, ready to be started by [Relay] anywhere.
type Invocation struct {
	Args  []string // with the executable as first
	Env   []string // complete: the process is to inherit nothing else; holds the secrets that Config.Env does
	Dir   string   // working directory
	Files []File   // to be written before the start
	Plan  Plan     // what the run is expected to do; see [NewRecorder]
}

// File is a generated file: an absolute path and what to write there.
type File struct {
	Path string
	Data []byte
}

// Plan is what a run is expected to do, against which a [Recorder] holds what it did.
type Plan struct {
	Iterations float64     `json:"iterations,omitempty"` // that the schedule asks for; 0 when the script's own schedule decides
	Length     Duration    `json:"length,omitempty"`     // of the schedule, without graceful stop
	MaxVUs     int64       `json:"max_vus,omitempty"`    // limit of virtual users; 0 when unknown
	Thresholds []Threshold `json:"thresholds,omitempty"` // those of the script
}

// systemTags are the tags that envd needs on the samples, and those without which k6 refuses to aggregate. The default
// set has more, and each can only split the aggregates further.
var systemTags = []string{"check", "error", "error_code", "expected_response", "group", "method", "name", "scenario", "status"}

// Command returns the k6 process for a configuration. It is pure: the same input gives the same bytes. The
// inspection is that of the script from [K6.Inspect], and nil for a list of requests.
func Command(cfg Config, script *Inspection, layout Layout) (Invocation, error) {
	if err := cfg.Validate(); err != nil {
		return Invocation{}, err
	}
	if (cfg.Script != "") != (script != nil) {
		return Invocation{}, fmt.Errorf("a script needs its inspection and a list of requests has none")
	}
	if !path.IsAbs(layout.Dir) {
		return Invocation{}, fmt.Errorf("layout: dir must be absolute, is %q", layout.Dir)
	}
	orDefault(&layout.K6, "k6")
	orDefault(&layout.Script, cfg.Script)

	inv := Invocation{Dir: layout.Dir}
	if script != nil {
		if err := script.fits(cfg); err != nil {
			return Invocation{}, err
		}
		inv.Plan = Plan{MaxVUs: script.MaxVUs, Thresholds: script.Thresholds}
	}
	main, err := inv.addMain(cfg, layout)
	if err != nil {
		return Invocation{}, err
	}
	inv.Args = append([]string{layout.K6, "run"}, flags(inv, main)...)
	inv.Env = environment(cfg, inv.Dir)
	return inv, nil
}

// addMain adds the module that k6 is to run and the plan of its schedule, and returns the module's path.
func (inv *Invocation) addMain(cfg Config, layout Layout) (string, error) {
	opts, err := cfg.options()
	if err != nil {
		return "", err
	}
	for _, s := range opts.Scenarios {
		inv.Plan.Iterations, inv.Plan.Length, inv.Plan.MaxVUs = s.Iterations(), Duration(s.Length()), s.MaxVUs
	}
	file := File{Path: path.Join(layout.Dir, "main.js")}
	switch {
	case cfg.Script == "":
		file.Data, err = generateScript(cfg.Requests, opts)
	case opts.empty():
		return layout.Script, nil
	default:
		file.Data, err = wrapScript(layout.Script, opts)
	}
	inv.Files = append(inv.Files, file)
	return file.Path, err
}

func flags(inv Invocation, main string) []string {
	return []string{
		"--quiet", "--verbose", // nothing on stdout, and a log that tells when the schedule begins
		"--no-thresholds", "--summary-mode=disabled", // both keep every sample in memory until the end
		"--log-format=json", "--log-output=stderr",
		"--include-system-env-vars", "--no-usage-report",
		"--out=cloud", // to the server of Relay
		"--system-tags=" + strings.Join(tagsFor(inv.Plan.Thresholds), ","),
		main,
	}
}

// tagsFor adds the system tags that thresholds select by to those that envd needs.
func tagsFor(thresholds []Threshold) []string {
	tags := slices.Clone(systemTags)
	for _, t := range thresholds {
		for _, f := range t.Filter {
			if isSystemTag(f.Tag) && !slices.Contains(tags, f.Tag) {
				tags = append(tags, f.Tag)
			}
		}
	}
	slices.Sort(tags)
	return tags
}

// environment is everything k6 gets. It keeps k6 from reading a user's configuration, from fetching extensions and
// from reporting its use, since there may be neither a home nor a network where it runs.
func environment(cfg Config, dir string) []string {
	env := map[string]string{
		"HOME":                         dir,
		"NO_COLOR":                     "1",
		"K6_NO_USAGE_REPORT":           "true",
		"K6_AUTO_EXTENSION_RESOLUTION": "false",
		// The run is one that k6 need not register anywhere; what it pushes goes to K6_CLOUD_HOST, which Relay sets.
		"K6_CLOUD_PUSH_REF_ID":    "1",
		"K6_CLOUD_TOKEN":          "none",
		"K6_CLOUD_TRACES_ENABLED": "false",
		// Seconds are pushed when they are over. What is measured of them later is pushed too, so nothing waits for it.
		"K6_CLOUD_AGGREGATION_PERIOD":      "1s",
		"K6_CLOUD_AGGREGATION_WAIT_PERIOD": "1s",
		"K6_CLOUD_METRIC_PUSH_INTERVAL":    "200ms",
		// No samples are kept here, so the heap is small, and collecting it is several hundredths of the work at saturation. Half as
		// often costs half as much memory again; a load's own env may say otherwise.
		"GOGC": "200",
	}
	for name, value := range cfg.Env {
		env[name] = value
	}
	list := make([]string, 0, len(env))
	for _, name := range sortedKeys(env) {
		list = append(list, name+"="+env[name])
	}
	return list
}
