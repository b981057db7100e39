package loadprofiles

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Inspection is what k6 says about a script without running it.
type Inspection struct {
	Scenarios  []string    // names of the script's own options.scenarios
	Schedule   bool        // the script has vus, iterations, a duration or stages of its own
	Thresholds []Threshold // in the order of their metrics
	MaxVUs     int64       // limit of virtual users, with the profile if there is one
}

// ScriptError is k6's refusal of a script or of its options.
type ScriptError struct {
	Script string
	Text   string // k6's words, with file:line:column where it has them
}

func (e *ScriptError) Error() string { return fmt.Sprintf("k6 refuses %s: %s", e.Script, e.Text) }

// inspectTimeout bounds the init code of a script, which may loop.
const inspectTimeout = time.Minute

// Inspect has k6 load the script of a configuration and report its options. This runs the script's init code (not
// setup nor any iteration) with the environment of the configuration, as a child process of this one. It finds what
// would end the run at once: syntax errors, exceptions, missing modules and functions, thresholds that k6 rejects.
// Without a script there is nothing to inspect and the result is nil.
func (k K6) Inspect(ctx context.Context, cfg Config) (*Inspection, error) {
	if err := cfg.Validate(); err != nil || cfg.Script == "" {
		return nil, err
	}
	if _, err := os.Stat(cfg.Script); err != nil {
		return nil, fmt.Errorf("script: %w", err)
	}
	dir, err := os.MkdirTemp("", "envd-inspect-")
	if err != nil {
		return nil, err
	}
	in := inspector{k6: k, cfg: cfg, dir: dir}
	found, err := in.inspect(ctx)
	return found, errors.Join(err, os.RemoveAll(dir))
}

// inspector runs k6 inspect on a script and on modules that wrap it.
type inspector struct {
	k6  K6
	cfg Config
	dir string
}

// printedOptions is the part that matters here of what k6 inspect prints.
type printedOptions struct {
	VUs        *int64                       `json:"vus"`
	Iterations *int64                       `json:"iterations"`
	Duration   *string                      `json:"duration"`
	Stages     []json.RawMessage            `json:"stages"`
	Scenarios  map[string]json.RawMessage   `json:"scenarios"`
	Thresholds map[string][]scriptThreshold `json:"thresholds"`
	MaxVUs     int64                        `json:"maxVUs"`
}

func (in inspector) inspect(ctx context.Context) (*Inspection, error) {
	own, err := in.options(ctx, in.cfg.Script)
	if err != nil {
		return nil, err
	}
	found := &Inspection{
		Scenarios:  sortedKeys(own.Scenarios),
		Schedule:   own.VUs != nil || own.Iterations != nil || own.Duration != nil || len(own.Stages) > 0,
		Thresholds: thresholdsOf(own.Thresholds),
	}
	if err := found.fits(in.cfg); err != nil {
		return nil, err
	}
	// With the execution requirements k6 also checks the functions that scenarios name and the thresholds' metrics.
	module, err := in.module(nil)
	if err != nil {
		return nil, err
	}
	planned, err := in.options(ctx, module, "--execution-requirements")
	if err != nil {
		return nil, err
	}
	found.MaxVUs = planned.MaxVUs
	return found, in.findTypes(ctx, found.Thresholds)
}

// fits says whether the configuration and the script agree on who sets the schedule.
func (i *Inspection) fits(cfg Config) error {
	if cfg.Profile != "" && len(i.Scenarios) > 0 {
		return fmt.Errorf("profile: %s has scenarios of its own (%s): leave the profile out to run them as written",
			cfg.Script, strings.Join(i.Scenarios, ", "))
	}
	if cfg.Profile == "" && len(i.Scenarios) == 0 && !i.Schedule {
		return fmt.Errorf("profile: %s has neither scenarios nor a duration, so it needs a profile", cfg.Script)
	}
	return nil
}

// module returns the path of what k6 is to run: the script, or a module around it that sets options.
func (in inspector) module(thresholds map[string][]string) (string, error) {
	opts, err := in.cfg.options()
	opts.Thresholds = thresholds
	if err != nil || opts.empty() {
		return in.cfg.Script, err
	}
	source, err := wrapScript(in.cfg.Script, opts)
	if err != nil {
		return "", err
	}
	path := filepath.Join(in.dir, "main.js")
	return path, os.WriteFile(path, source, 0o600)
}

var metricType = regexp.MustCompile(`on metric of type (\w+)`)

// findTypes fills in the types of the metrics that the script defines itself. No k6 command prints them, but k6
// names the type when it refuses a threshold that does not suit it. So each is offered a count, which only suits
// counters.
func (in inspector) findTypes(ctx context.Context, thresholds []Threshold) error {
	known := map[string]MetricType{}
	for i := range thresholds {
		t := &thresholds[i]
		if t.Problem != "" || t.Type != "" {
			continue
		}
		if _, done := known[t.Metric]; !done {
			var err error
			if known[t.Metric], err = in.typeOf(ctx, t.Metric); err != nil {
				return err
			}
		}
		if t.Type = known[t.Metric]; !t.Type.supports(t.Method) {
			t.Problem = fmt.Sprintf("%s is of type %q, which has no %s", t.Metric, t.Type, t.Method)
		}
	}
	return nil
}

func (in inspector) typeOf(ctx context.Context, metric string) (MetricType, error) {
	module, err := in.module(map[string][]string{metric: {"count>=0"}})
	if err != nil {
		return "", err
	}
	_, err = in.options(ctx, module, "--execution-requirements")
	if err == nil {
		return Counter, nil
	}
	var refused *ScriptError
	if errors.As(err, &refused) {
		if m := metricType.FindStringSubmatch(refused.Text); m != nil {
			return MetricType(m[1]), nil
		}
	}
	return "", fmt.Errorf("type of metric %s: %w", metric, err)
}

// options runs k6 inspect on a module.
func (in inspector) options(ctx context.Context, module string, flags ...string) (printedOptions, error) {
	ctx, cancel := context.WithTimeout(ctx, inspectTimeout)
	defer cancel()
	args := append([]string{"inspect", "--log-format=json", "--include-system-env-vars"}, flags...)
	cmd := exec.CommandContext(ctx, in.k6.Path, append(args, module)...)
	cmd.Dir = in.dir
	cmd.Env = environment(in.cfg, in.dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return printedOptions{}, fmt.Errorf("k6 inspect %s: %w", in.cfg.Script, ctx.Err())
		}
		if text := lastError(stderr.Bytes()); text != "" {
			return printedOptions{}, &ScriptError{Script: in.cfg.Script, Text: text}
		}
		return printedOptions{}, fmt.Errorf("k6 inspect %s: %w: %s", in.cfg.Script, err, bytes.TrimSpace(stderr.Bytes()))
	}
	var printed printedOptions
	// A script may print on stdout before k6 does, but k6's object begins on a line of its own.
	text := stdout.Bytes()
	if i := bytes.Index(text, []byte("{\n  \"paused\"")); i > 0 {
		text = text[i:]
	}
	if err := json.Unmarshal(text, &printed); err != nil {
		return printedOptions{}, fmt.Errorf("k6 inspect %s: %w", in.cfg.Script, err)
	}
	return printed, nil
}

// lastError returns the message of the last error in k6's log.
func lastError(log []byte) (text string) {
	for line := range bytes.Lines(log) {
		if e, ok := parseLogLine(line); ok && e.Level == "error" && e.Source != sourceConsole {
			text = strings.TrimSpace(e.Msg)
		}
	}
	return text
}
