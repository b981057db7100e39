package loadprofiles

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config says what load to put on what. Either Script or Requests must be given.
type Config struct {
	// Name of the k6 scenario, found again in every sample's scenario tag. Default "load".
	Name string
	// Profile is the name of one of [Profiles]. Without one, the script's own scenarios, stages or duration run as
	// they are written.
	Profile string
	Load    Load

	// Script is the absolute path of a k6 script: JavaScript or TypeScript, ES or CommonJS module. Its thresholds,
	// setup, teardown and other options stay in force; a profile replaces its schedule only. Its handleSummary is not
	// called, since k6 runs without a summary.
	Script string
	// Exec is the exported function that an iteration calls. Default: the default export.
	Exec string
	// Requests to send when there is no script, one per iteration, in turn.
	Requests []Request

	Env  map[string]string // what the script sees as __ENV, besides envd's own settings of k6
	Tags map[string]string // put on every sample
}

// Request is one HTTP request of a generated script.
type Request struct {
	Name    string            // the sample's name tag; default method and URL
	Method  string            // default GET
	URL     string            // absolute, http or https
	Headers map[string]string //
	Body    string            //
	Status  []int             // expected status codes; default: any of 200 to 399
	Timeout time.Duration     // default 60s, which is k6's
	Weight  int               // turns of this request among the others; default 1
}

var (
	scenarioName = regexp.MustCompile(`^[0-9a-zA-Z_-]+$`)
	identifier   = regexp.MustCompile(`^[a-zA-Z_$][0-9a-zA-Z_$]*$`)
	envName      = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	methods      = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
)

const maxTurns = 10_000

// Validate reports every mistake at once, joined, each beginning with the path of its field. It reads no file: see
// [K6.Inspect] for what k6 itself says about a script.
func (c Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if c.Name != "" && !scenarioName.MatchString(c.Name) {
		fail("name: k6 allows letters, digits, - and _ in a scenario's name, not %q", c.Name)
	}
	switch {
	case c.Script == "" && len(c.Requests) == 0:
		fail("script: give a k6 script or a list of requests")
	case c.Script != "" && len(c.Requests) > 0:
		fail("requests: give either a script or requests, not both")
	case c.Script != "" && !filepath.IsAbs(c.Script):
		fail("script: must be an absolute path, is %q", c.Script)
	case strings.HasSuffix(c.Script, ".tar"):
		fail("script: k6 archives are not supported, give the script itself")
	}
	if c.Profile == "" && len(c.Requests) > 0 {
		fail("profile: a list of requests needs one")
	}
	if c.Profile == "" && c.Load != (Load{}) {
		fail("profile: rate, duration and the like need one; without it the script's own schedule runs")
	}
	if c.Exec != "" && (c.Script == "" || !identifier.MatchString(c.Exec)) {
		fail("exec: must be the name of a function that the script exports, is %q", c.Exec)
	}
	if c.Profile == "" && c.Exec != "" {
		fail("exec: needs a profile; without one the script's own scenarios name their functions")
	}
	if c.Profile != "" {
		if p, err := LookupProfile(c.Profile); err != nil {
			fail("profile: %w", err)
		} else if _, err := p.complete(c.Load); err != nil {
			errs = append(errs, err)
		}
	}
	turns := 0
	for i, r := range c.Requests {
		turns += max(r.Weight, 1)
		if err := r.validate(); err != nil {
			fail("requests[%d].%w", i, err)
		}
	}
	if turns > maxTurns {
		fail("requests: weights add up to %d, more than %d", turns, maxTurns)
	}
	return errors.Join(append(errs, c.validateEnv()...)...)
}

func (r Request) validate() error {
	if u, err := url.Parse(r.URL); err != nil {
		return fmt.Errorf("url: %w", err)
	} else if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("url: must be absolute, like https://shop.example/cart, is %q", r.URL)
	}
	if m := strings.ToUpper(r.Method); m != "" && !slices.Contains(methods, m) {
		return fmt.Errorf("method: unknown method %q%s", r.Method, didYouMean(m, methods))
	}
	for _, status := range r.Status {
		if status < 100 || status > 599 {
			return fmt.Errorf("status: %d is no HTTP status code", status)
		}
	}
	if r.Timeout < 0 || r.Weight < 0 {
		return errors.New("timeout: it and weight must not be negative")
	}
	return nil
}

// validateEnv keeps settings of k6 itself out: its environment outranks a script's options, so K6_DURATION in a
// script's environment would quietly replace the profile.
func (c Config) validateEnv() (errs []error) {
	for _, name := range sortedKeys(c.Env) {
		switch {
		case !envName.MatchString(name):
			errs = append(errs, fmt.Errorf("env: %q is no name of an environment variable", name))
		case strings.HasPrefix(name, "K6_"):
			errs = append(errs, fmt.Errorf("env: %s would override the load; set it in the script's options", name))
		}
	}
	for _, name := range sortedKeys(c.Tags) {
		if name == "" || strings.ContainsAny(name, "=&") {
			errs = append(errs, fmt.Errorf("tags: %q: a name must not be empty nor contain = or &", name))
		}
	}
	return errs
}

// options returns what the configuration sets of a script's options.
func (c Config) options() (options, error) {
	opts := options{Tags: c.Tags}
	if c.Profile == "" {
		return opts, nil
	}
	p, err := LookupProfile(c.Profile)
	if err != nil {
		return opts, err
	}
	s, err := p.Scenario(c.Load)
	s.Exec = c.Exec
	name := c.Name
	orDefault(&name, "load")
	opts.Scenarios = map[string]Scenario{name: s}
	return opts, err
}
