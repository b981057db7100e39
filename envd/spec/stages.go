package spec

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
)

func (r *resolver) stages() []envd.Stage {
	out := make([]envd.Stage, 0, len(r.doc.Stages))
	names := map[string]int{}
	faults := map[string]int{}
	for i := range r.doc.Stages {
		doc := &r.doc.Stages[i]
		where := fmt.Sprintf("stages[%d]", i)
		r.uniqueName(&doc.Name, doc.Name, "stage", names)
		if doc.Functional == nil && doc.Load == nil && !r.bad[doc] {
			r.report(r.node(doc), ruleMissingField, where+" exercises nothing", "write functional: {command: […]} or load: {profile: smoke, script: load.js}")
		}
		stage := envd.Stage{Name: doc.Name, Functional: r.functional(doc.Functional, where), Load: r.load(doc.Load, where)}
		for j := range doc.Faults {
			r.uniqueName(&doc.Faults[j].Name, doc.Faults[j].Name, "fault", faults)
			stage.Faults = append(stage.Faults, r.fault(&doc.Faults[j], fmt.Sprintf("%s.faults[%d]", where, j)))
		}
		r.checkTimeline(doc, stage.Load)
		r.checkBreakpoint(doc, stage.Load)
		for j := range doc.SteadyState {
			stage.SteadyState = append(stage.SteadyState, r.steadyState(&doc.SteadyState[j]))
		}
		out = append(out, stage)
	}
	return out
}

// checkBreakpoint reports a climbing load without a steady state that can break, or with faults, which could break it too.
func (r *resolver) checkBreakpoint(doc *stage, load *envd.Load) {
	if !load.Breaks() {
		return
	}
	if len(doc.SteadyState) == 0 {
		r.report(r.node(&doc.Load.Profile), ruleMissingField, fmt.Sprintf("stage %q climbs until it breaks, but nothing says what that is", doc.Name),
			`add for example steady_state: ["p95 < 500ms", "error_rate < 1%"]`)
	}
	for i := range doc.Faults {
		r.report(r.node(&doc.Faults[i]), ruleFaultWindow, fmt.Sprintf("stage %q climbs until the load breaks it: a fault would break it before", doc.Name),
			"move the fault to a stage with another profile")
	}
}

// uniqueName checks the name of a stage or a fault, which conditions refer to.
func (r *resolver) uniqueName(field *string, name, noun string, seen map[string]int) {
	if !r.sound(field) {
		return
	}
	if !nameForm.MatchString(name) {
		r.report(r.node(field), ruleBadName, fmt.Sprintf("a %s cannot be called %s", noun, quote(name)), "use letters, digits, dots, dashes and underscores, without blanks")
		return
	}
	line, taken := seen[name]
	if taken {
		r.report(r.node(field), ruleDuplicateName, fmt.Sprintf("a %s is called %q on line %d already", noun, name, line), "conditions refer to it by its name: choose another")
		return
	}
	seen[name] = r.node(field).Line
}

func (r *resolver) functional(doc *functional, where string) *envd.Functional {
	if doc == nil {
		return nil
	}
	r.positive(&doc.Timeout, doc.Timeout, where+".functional.timeout")
	out := &envd.Functional{
		WorkDir: cmp.Or(r.exists(&doc.WorkDir, doc.WorkDir, isDir, "working directory"), r.opts.Dir),
		Env:     r.values(doc.Env), Timeout: envd.Duration(doc.Timeout),
	}
	out.Command = r.command(&doc.Command, doc.Command, true)
	return out
}

func (r *resolver) load(doc *load, where string) *envd.Load {
	if doc == nil {
		return nil
	}
	where += ".load"
	out := &envd.Load{
		Profile: doc.Profile, Rate: float64(doc.Rate), Duration: envd.Duration(doc.Duration), MaxVUs: doc.MaxVUs,
		Script: r.exists(&doc.Script, doc.Script, isFile, where+".script"), Env: r.values(doc.Env),
	}
	r.positive(&doc.Duration, doc.Duration, where+".duration")
	known := make([]string, len(r.opts.Profiles))
	for i, p := range r.opts.Profiles {
		known[i] = p.Name
	}
	switch i := slices.Index(known, doc.Profile); {
	case i >= 0:
		out.Rate = cmp.Or(out.Rate, r.opts.Profiles[i].Rate)
		out.Duration = cmp.Or(out.Duration, envd.Duration(r.opts.Profiles[i].Duration))
	case !r.given(&doc.Profile):
		if !r.given(&doc.Script) || doc.Rate != 0 || doc.Duration != 0 || doc.MaxVUs != 0 {
			r.report(r.key(doc), ruleMissingField, where+` lacks "profile"`, "write profile: smoke, or leave the schedule to the options of a script")
		}
	case r.sound(&doc.Profile):
		r.report(r.node(&doc.Profile), ruleUnknownProfile, fmt.Sprintf("there is no load profile %s", quote(doc.Profile)), suggest(doc.Profile, "load profile", known))
	}
	if r.given(&doc.Script) == r.given(&doc.Requests) && !r.bad[doc] {
		r.report(r.key(doc), ruleChooseOne, where+" needs exactly one of script and requests", `write script: load.js, or requests: ["GET http://service:8080/"]`)
	}
	for i := range doc.Requests {
		q := &doc.Requests[i]
		r.checkURL(&q.URL, q.URL)
		out.Requests = append(out.Requests, envd.LoadRequest{Method: q.Method, URL: q.URL, Headers: q.Headers, Body: q.Body, Status: q.Status})
	}
	return out
}

// checkURL reports a request to something outside the environment, which cannot be reached.
func (r *resolver) checkURL(field *string, text string) {
	if !r.sound(field) {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		r.report(r.node(field), ruleBadURL, fmt.Sprintf("%s is no absolute URL", quote(text)), "write http://service:port/path")
		return
	}
	known := []string{"localhost", "127.0.0.1"}
	env := &r.doc.Environment
	for name, s := range env.Services {
		known = append(append(known, name), s.Hostnames...)
	}
	known = slices.AppendSeq(append(known, r.composedHosts()...), maps.Keys(env.Stubs))
	if host := u.Hostname(); !r.composed.unread && !slices.Contains(known, host) && !slices.ContainsFunc(env.Egress, func(e string) bool { return strings.HasPrefix(e, host+":") }) {
		r.report(r.node(field), ruleUnknownHost, fmt.Sprintf("the environment has no host %q", host), suggest(host, "host", known))
	}
}

func (r *resolver) fault(doc *fault, where string) envd.Fault {
	out := envd.Fault{Name: doc.Name, Kind: doc.Kind, Target: doc.Target, At: envd.Duration(doc.At), For: envd.Duration(doc.For)}
	r.positive(&doc.For, doc.For, where+".for")
	r.checkTarget(doc)
	params, ok := map[string]any{}, true
	for _, p := range doc.params {
		v, fine := r.free(p.value, join(where, p.key.Value), 0)
		params[p.key.Value], ok = v, ok && fine
	}
	if len(params) > 0 {
		b, err := json.Marshal(params)
		if err != nil {
			r.report(r.node(doc), ruleWrongType, fmt.Sprintf("%s: %v", where, err), "")
			return out
		}
		out.Params = b
	}
	check, known := r.opts.FaultKinds[doc.Kind]
	switch {
	case !known && r.sound(&doc.Kind):
		r.report(r.node(&doc.Kind), ruleUnknownFaultKind, fmt.Sprintf("there is no kind of fault %s", quote(doc.Kind)), suggest(doc.Kind, "kind of fault", slices.Collect(maps.Keys(r.opts.FaultKinds))))
	case known && ok:
		if err := check(out.Params); err != nil {
			r.badParams(doc, err)
		}
	}
	return out
}

var (
	unknownParam = regexp.MustCompile(`json: unknown field "([^"]*)"`)
	wrongParam   = regexp.MustCompile(`json: cannot unmarshal (\S+)(?: \S+)? into Go (?:struct field |value of type )?(?:\w*\.)*(\w+)`)
)

// badParams reports an error about a fault's parameters, at the parameter that it names.
func (r *resolver) badParams(doc *fault, err error) {
	message := err.Error()
	at := r.node(&doc.Kind)
	if m := unknownParam.FindStringSubmatch(message); m != nil {
		for _, p := range doc.params {
			if p.key.Value == m[1] {
				at = p.key
			}
		}
		help := "besides its own parameters a fault has name, kind, target, at and for"
		if known := (interface{ Parameters() []string })(nil); errors.As(err, &known) && len(known.Parameters()) > 0 {
			help = suggest(m[1], "parameter", known.Parameters())
		}
		r.report(at, ruleUnknownParameter, fmt.Sprintf("%s has no parameter %q", doc.Kind, m[1]), help)
		return
	}
	if m := wrongParam.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s cannot be a %s", m[2], m[1])
	}
	for _, p := range slices.Backward(doc.params) {
		if named(message, p) {
			at = p.value
		}
	}
	r.report(at, ruleBadParameter, fmt.Sprintf("%s: %s", doc.Kind, message), "")
}

// named reports whether a message mentions a parameter, by its name or its value.
func named(message string, p pair) bool {
	return strings.Contains(message, quote(p.value.Value)) ||
		regexp.MustCompile(`\b`+regexp.QuoteMeta(p.key.Value)+`\b`).MatchString(message)
}

// checkTarget reports the target of a fault that is not in the environment. The first word of the fault's kind says what sort
// of target it has.
func (r *resolver) checkTarget(doc *fault) {
	if !r.sound(&doc.Target) || !r.sound(&doc.Kind) {
		return
	}
	env := &r.doc.Environment
	sort, _, _ := strings.Cut(doc.Kind, ".")
	var known []string
	switch sort {
	case "stub":
		known = slices.Collect(maps.Keys(env.Stubs))
	case "service":
		known = slices.AppendSeq(serviceNames(r.composed.Services), maps.Keys(env.Services))
	case "network":
		if sort = "service"; doc.Kind != "network.disconnect" {
			return
		}
		known = slices.AppendSeq(serviceNames(r.composed.Services), maps.Keys(env.Services))
	default:
		return // links are checked together with those of the environment; plugins check their own targets
	}
	if s := findService(r.composed.Services, doc.Target); s != nil {
		r.checkShared(doc, s)
		return
	}
	if !slices.Contains(known, doc.Target) && !r.composed.unread {
		r.report(r.node(&doc.Target), ruleUnknownTarget, fmt.Sprintf("%s acts on a %s, and %s is none", doc.Kind, sort, quote(doc.Target)), suggest(doc.Target, sort, known))
	}
}

// checkTimeline reports faults that act outside the load's time, and faults that overlap on one target: the effects of two
// at once cannot be told apart.
func (r *resolver) checkTimeline(doc *stage, load *envd.Load) {
	for i := range doc.Faults {
		f := &doc.Faults[i]
		if !r.sound(&f.At) || !r.sound(&f.For) {
			continue
		}
		end := time.Duration(f.At) + time.Duration(f.For)
		switch {
		case load == nil && doc.Functional != nil:
			r.report(r.node(f), ruleFaultWindow, fmt.Sprintf("stage %q has no load for fault %q to act on", doc.Name, f.Name), "add load: {profile: smoke, script: load.js}")
		case load != nil && load.Duration > 0 && !r.bad[&doc.Load.Duration] && end > load.Duration.Std():
			r.report(r.node(&f.For), ruleFaultWindow, fmt.Sprintf("fault %q ends at %s, after the load's end at %s", f.Name, end, load.Duration), "shorten it, inject it earlier, or lengthen the load")
		}
		for j := range i {
			g := &doc.Faults[j]
			if samePlace(g.Target, f.Target) && r.sound(&g.At) && r.sound(&g.For) && f.At < g.At+g.For && g.At < f.At+f.For {
				r.report(r.node(&f.At), ruleFaultOverlap, fmt.Sprintf("fault %q meets fault %q on %s (from %s to %s)", f.Name, g.Name, f.Target,
					time.Duration(g.At), time.Duration(g.At)+time.Duration(g.For)), fmt.Sprintf("inject it at %s or later", time.Duration(g.At)+time.Duration(g.For)))
			}
		}
	}
}

// samePlace reports whether two faults act on the same thing. A partition acts on the links between its two services.
func samePlace(a, b string) bool {
	if a == b {
		return true
	}
	x, y, partition := strings.Cut(a, " <-> ")
	if !partition {
		if x, y, partition = strings.Cut(b, " <-> "); !partition {
			return false
		}
		b = a
	}
	return slices.Contains([]string{x + " -> " + y, y + " -> " + x, y + " <-> " + x}, b)
}
