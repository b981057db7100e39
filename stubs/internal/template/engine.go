package template

import (
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
	"github.com/envd-dev/envd/stubs/internal/xmlmatch"
)

// The bounds of a rendering when [Options] leave them out.
const (
	DefaultDeadline  = 10 * time.Second
	DefaultMaxOutput = 64 << 20
)

// Options configure an [Engine]. The zero value is usable and gives templates nothing of the host.
type Options struct {
	// PermittedSystemKeys are case-insensitive Java patterns of the keys that systemValue may read; default "wiremock.*".
	PermittedSystemKeys []string
	// Environment and Property resolve the permitted keys. Nil knows none.
	Environment, Property func(key string) (string, bool)
	// Hostname is what the hostname helper prints; default "localhost".
	Hostname string
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Location is the zone that dates without one are printed in by dateFormat; default UTC.
	Location *time.Location
	// Rand feeds the random helpers; it is used under a lock. Default: seeded by the runtime.
	Rand rand.Source
	// EscapeHTML escapes the values of {{…}}; WireMock's default is off.
	EscapeHTML bool
	// MaxCacheEntries bounds the templates that Compile remembers: 0 keeps 10,000, a negative number none.
	MaxCacheEntries int
	// Deadline bounds one rendering, MaxOutput its size in bytes.
	Deadline  time.Duration
	MaxOutput int
	// Log takes what the log helper says. Nil drops it.
	Log func(level, message string)
}

// Engine compiles templates. It is safe for concurrent use.
type Engine struct {
	options   Options
	permitted []*javaregex.Regexp

	randMu sync.Mutex
	rand   *rand.Rand

	templates memo[*Template]
	regexes   memo[*javaregex.Regexp]
	jsonPaths memo[*jsonpath.Path]
	xPaths    memo[*xmlmatch.XPath]

	renders sync.Pool
}

// maxExpressions bounds each kind of expression that an engine remembers; they can come from requests.
const maxExpressions = 1000

// New makes an engine; the error is one of PermittedSystemKeys that is no pattern.
func New(o Options) (*Engine, error) {
	e := &Engine{options: o}
	if e.options.Now == nil {
		e.options.Now = time.Now
	}
	if e.options.Location == nil {
		e.options.Location = time.UTC
	}
	if e.options.Hostname == "" {
		e.options.Hostname = "localhost"
	}
	if e.options.Deadline <= 0 {
		e.options.Deadline = DefaultDeadline
	}
	if e.options.MaxOutput <= 0 {
		e.options.MaxOutput = DefaultMaxOutput
	}
	if e.options.MaxCacheEntries == 0 {
		e.options.MaxCacheEntries = 10_000
	}
	e.templates.limit = e.options.MaxCacheEntries
	e.regexes.limit, e.jsonPaths.limit, e.xPaths.limit = maxExpressions, maxExpressions, maxExpressions
	if o.Rand != nil {
		e.rand = rand.New(o.Rand)
	} else {
		e.rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	keys := o.PermittedSystemKeys
	if len(keys) == 0 {
		keys = []string{"wiremock.*"}
	}
	for _, key := range keys {
		re, err := javaregex.Compile(key, javaregex.CaseInsensitive)
		if err != nil {
			return nil, err
		}
		e.permitted = append(e.permitted, re)
	}
	return e, nil
}

// Template is a compiled template. It is immutable and safe for concurrent use.
type Template struct {
	engine      *Engine
	before      string // the text up to the first tag
	after       string // the text behind the last one
	file        string // pseudo file name, in error messages
	body        *list
	constant    bool
	sizeGuessed int
}

// Compile parses src. Templates are remembered by their text, so that compiling again is cheap.
// The error is a [*CompileError].
func (e *Engine) Compile(src string) (*Template, error) {
	return e.templates.get(src, e.compile)
}

// compile cuts off the text around the first and the last tag, as WireMock does: error positions count from there.
func (e *Engine) compile(src string) (*Template, error) {
	t := &Template{engine: e, before: src, constant: true}
	first, last := strings.Index(src, "{{"), strings.LastIndex(src, "}}")
	if first < 0 || last < 0 {
		return t, nil
	}
	last += len("}}")
	if last < first {
		return nil, &CompileError{"begin " + strconv.Itoa(first) + ", end " + strconv.Itoa(last) + ", length " + strconv.Itoa(len(src))}
	}
	src = strings.ToValidUTF8(src, "\uFFFD") // a file that is no text
	first, last = strings.Index(src, "{{"), strings.LastIndex(src, "}}")+len("}}")
	body, bad := parse(src[first:last])
	if bad != nil {
		return nil, bad
	}
	t.before, t.after, t.body, t.constant = src[:first], src[last:], body, false
	t.file = "inline@" + strconv.FormatInt(int64(abs32(javaHash(src[first:last]))), 16)
	t.sizeGuessed = len(src) + 256
	return t, nil
}

// Constant reports whether the template has no tags at all, so that rendering gives its text.
func (t *Template) Constant() bool { return t.constant }

// Render renders the template over m. The error is a [*RenderError], a [*CompileError] for the failures that WireMock
// answers with its error page, or a [*LimitError].
func (t *Template) Render(ctx context.Context, m *Model) (string, error) {
	if t.constant {
		return t.before, nil
	}
	r, err := t.render(ctx, m)
	if err != nil {
		return "", err
	}
	defer r.release()
	return string(r.out), nil
}

// RenderTo is Render into w; nothing is written when rendering fails.
func (t *Template) RenderTo(ctx context.Context, w io.Writer, m *Model) error {
	if t.constant {
		_, err := io.WriteString(w, t.before)
		return err
	}
	r, err := t.render(ctx, m)
	if err != nil {
		return err
	}
	defer r.release()
	_, err = w.Write(r.out)
	return err
}

// render is one rendering under way.
type render struct {
	template *Template
	engine   *Engine
	model    *Model
	ctx      context.Context
	deadline time.Time
	out      []byte
	captured int // bytes rendered into strings by helpers, which count towards the bound
	ticks    int
	depth    int
	data     []entry // what assign, parseJson and the like set: visible everywhere
	blocks   map[string]definition
	inline   []map[string]node
	callee   *partial
	root     scope
	rootData [1]entry
}

func (t *Template) render(ctx context.Context, m *Model) (*render, error) {
	if m.unusable != nil {
		return nil, m.unusable
	}
	r, _ := t.engine.renders.Get().(*render)
	if r == nil {
		r = &render{out: make([]byte, 0, t.sizeGuessed)}
	}
	r.template, r.engine, r.model, r.ctx = t, t.engine, m, ctx
	r.rootData[0] = entry{"root", &m.root}
	r.data = r.rootData[:]
	r.root = scope{model: &m.root}
	err := r.write(t.before)
	if err == nil {
		err = t.body.render(r, &r.root)
	}
	if err == nil {
		err = r.write(t.after)
	}
	if err != nil {
		r.release()
		return nil, err
	}
	return r, nil
}

// keptOutput is the largest buffer that is kept for the next rendering.
const keptOutput = 64 << 10

func (r *render) release() {
	e, out := r.engine, r.out[:0]
	if cap(out) > keptOutput {
		out = nil
	}
	*r = render{out: out}
	e.renders.Put(r)
}

// tick is called for every helper and iteration; now and then it looks at the clock.
func (r *render) tick() error {
	if r.ticks++; r.ticks&127 != 0 {
		return nil
	}
	if err := r.ctx.Err(); err != nil {
		return &LimitError{"cancelled", err}
	}
	now := time.Now()
	if r.deadline.IsZero() {
		r.deadline = now.Add(r.engine.options.Deadline)
	} else if now.After(r.deadline) {
		return &LimitError{Reason: "it took longer than " + r.engine.options.Deadline.String(), Err: context.DeadlineExceeded}
	}
	return nil
}

func (r *render) write(s string) error {
	r.out = append(r.out, s...)
	return r.bounded(0)
}

func (r *render) bounded(more int) error {
	if len(r.out)+r.captured+more > r.engine.options.MaxOutput {
		return &LimitError{Reason: "its output grows past " + strconv.Itoa(r.engine.options.MaxOutput) + " bytes"}
	}
	return nil
}

func (r *render) writeValue(s string, escape bool) error {
	if escape && r.engine.options.EscapeHTML {
		s = escapeHTML(s)
	}
	return r.write(s)
}

// enter renders n one level deeper, into the output.
func (r *render) enter(n node, s *scope) error {
	if r.depth++; r.depth > maxNesting {
		return &LimitError{Reason: "nested too deeply"}
	}
	defer func() { r.depth-- }()
	if err := r.tick(); err != nil {
		return err
	}
	return n.render(r, s)
}

// capture renders n to a string.
func (r *render) capture(n node, s *scope) (string, error) {
	start := len(r.out)
	err := r.enter(n, s)
	text := string(r.out[start:])
	r.out = r.out[:start]
	r.captured += len(text)
	return text, err
}

func (r *render) discard(n node, s *scope) error {
	_, err := r.capture(n, s)
	return err
}

// partials are the inline partials in force.
func (r *render) partials() map[string]node {
	if len(r.inline) == 0 {
		r.inline = append(r.inline, map[string]node{})
	}
	return r.inline[len(r.inline)-1]
}

func (r *render) pushInline() { r.inline = append(r.inline, maps.Clone(r.partials())) }

func (r *render) popInline() {
	if len(r.inline) > 0 {
		r.inline = r.inline[:len(r.inline)-1]
	}
}

// setData sets a variable for the rest of the rendering.
func (r *render) setData(name string, v any) {
	for i := range r.data {
		if r.data[i].key == name {
			r.data[i].value = v
			return
		}
	}
	r.data = append(r.data, entry{name, v})
}

// fail turns what a helper threw into the error of the tag that called it.
func (r *render) fail(at token, err error) error {
	var thrown *exception
	if !errors.As(err, &thrown) {
		return err
	}
	if at.col == 0 { // the original cannot express this place and fails while failing
		return &CompileError{"java.lang.IllegalArgumentException: The error's column number must be greater than zero"}
	}
	return &RenderError{cleanMessage(strconv.Itoa(at.line) + ":" + strconv.Itoa(at.col) + ": " + thrown.Error())}
}

var htmlEscaper = strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;", "`", "&#x60;", "&", "&amp;", "=", "&#x3D;")

func escapeHTML(s string) string { return htmlEscaper.Replace(s) }
