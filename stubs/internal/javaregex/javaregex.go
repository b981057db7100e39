// Package javaregex runs java.util.regex patterns.
//
// A pattern is parsed as Java parses it, with Java's errors, and handed on: to Go's linear-time engine if that means the
// same, otherwise (look-around, back-references, possessive quantifiers …) to a backtracking engine under a deadline.
package javaregex

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// Flags are the match flags of java.util.regex.Pattern that a caller may set.
type Flags uint8

// The flags; each has an inline form, as in (?i).
const (
	CaseInsensitive Flags = flagIgnoreCase // (?i), ASCII letters only
	Multiline       Flags = flagMultiline  // (?m)
	DotAll          Flags = flagDotAll     // (?s)
)

// Deadline bounds a single match on the backtracking engine.
const Deadline = time.Second

// ErrDeadline says that a match took longer than [Deadline].
var ErrDeadline = errors.New("the regular expression took too long")

// Regexp is a compiled Java pattern. It is safe for concurrent use.
type Regexp struct {
	expr   string
	root   *node
	names  map[string]int
	groups int
	glob   []string                                  // literals between .* for a pattern that has nothing else
	whole  *regexp.Regexp                            // matches the whole text, nil if Go's engine cannot
	ascii  bool                                      // whole and find are right on ASCII text only
	find   func() *regexp.Regexp                     // finds, nil if Go's engine cannot
	slow   func(whole bool) (*regexp2.Regexp, error) // the backtracking engine
}

// maxPattern bounds a pattern's length in bytes.
const maxPattern = 64 << 10

// Compile parses expr. The error is a *SyntaxError with the words of Java's PatternSyntaxException.
func Compile(expr string, flags Flags) (*Regexp, error) {
	if len(expr) > maxPattern {
		return nil, &SyntaxError{"Pattern is too long", expr[:80], -1}
	}
	root, p, err := parse(expr, int(flags))
	if err != nil {
		return nil, err
	}
	r := &Regexp{expr: expr, root: root, names: p.names, groups: p.groups, glob: glob(root)}
	r.whole, r.ascii = compileGo(root, true)
	r.find = sync.OnceValue(func() *regexp.Regexp {
		re, _ := compileGo(root, false)
		return re
	})
	r.slow = slowEngine(root)
	if r.whole == nil {
		if _, err := r.slow(true); err != nil {
			return nil, &SyntaxError{"The pattern cannot be run: " + err.Error(), expr, -1}
		}
	}
	return r, nil
}

// compileGo translates to Go's engine, nil if that means something else.
func compileGo(root *node, whole bool) (re *regexp.Regexp, ascii bool) {
	e := &emitter{}
	if whole {
		e.WriteString(`\A`)
	}
	e.emit(root, whole)
	if whole {
		e.WriteString(`\z`)
	}
	if e.unfit {
		return nil, false
	}
	re, err := regexp.Compile(e.String())
	if err != nil { // too large for it
		return nil, false
	}
	return re, e.asciiOnly
}

func slowEngine(root *node) func(whole bool) (*regexp2.Regexp, error) {
	compile := func(whole bool) (*regexp2.Regexp, error) {
		e := &emitter{backtracking: true}
		e.emit(root, whole)
		expr := e.String()
		if whole {
			expr = `\A` + expr + `\z`
		}
		re, err := regexp2.Compile(expr, regexp2.None)
		if err != nil {
			return nil, err
		}
		re.MatchTimeout = Deadline
		return re, nil
	}
	whole := sync.OnceValues(func() (*regexp2.Regexp, error) { return compile(true) })
	find := sync.OnceValues(func() (*regexp2.Regexp, error) { return compile(false) })
	return func(w bool) (*regexp2.Regexp, error) {
		if w {
			return whole()
		}
		return find()
	}
}

// glob gives the literals of a pattern that consists of them and of .* only: at least two, between each two a .*;
// or one, which is the whole text.
func glob(root *node) []string {
	if root.kind != concat {
		return nil
	}
	parts := []string{}
	var part strings.Builder
	for _, n := range root.subs {
		switch {
		case n.kind == literal && utf8.ValidRune(n.char):
			part.WriteRune(n.char)
		case n.anything():
			parts = append(parts, part.String())
			part.Reset()
		default:
			return nil
		}
	}
	return append(parts, part.String())
}

func matchGlob(parts []string, s string) bool {
	last := len(parts) - 1
	if last == 0 {
		return s == parts[0]
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[last])
}

// String is the pattern as it was given.
func (r *Regexp) String() string { return r.expr }

// Prefix is the literal text that every whole match begins with; complete says that it is all of it.
func (r *Regexp) Prefix() (prefix string, complete bool) {
	if r.glob != nil {
		return r.glob[0], len(r.glob) == 1
	}
	var b strings.Builder
	n := r.root
	for n.kind == concat || n.kind == capture {
		if len(n.subs) == 0 {
			break
		}
		if n.kind == capture {
			n = n.subs[0]
			continue
		}
		for _, s := range n.subs {
			if s.kind == lineStart && !s.multiline || s.kind == inputStart {
				continue
			}
			if s.kind != literal {
				return b.String(), false
			}
			b.WriteRune(s.char)
		}
		return b.String(), false
	}
	return "", false
}

// MatchString reports whether the whole of s matches (Matcher.matches). It is false when the deadline passes.
func (r *Regexp) MatchString(s string) bool {
	if r.glob != nil {
		return matchGlob(r.glob, s)
	}
	if r.whole != nil && (!r.ascii || isASCII(s)) {
		return r.whole.MatchString(s)
	}
	re, err := r.slow(true)
	if err != nil {
		return false
	}
	ok, err := re.MatchString(s)
	return ok && err == nil
}

// FindString reports whether a part of s matches (Matcher.find). It is false when the deadline passes.
func (r *Regexp) FindString(s string) bool {
	if re := r.fast(s); re != nil {
		return re.MatchString(s)
	}
	re, err := r.slow(false)
	if err != nil {
		return false
	}
	ok, err := re.MatchString(s)
	return ok && err == nil
}

// fast is Go's engine, if it can search s.
func (r *Regexp) fast(s string) *regexp.Regexp {
	re := r.find()
	if re == nil || r.ascii && !isASCII(s) {
		return nil
	}
	return re
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// deadlineError turns the backtracking engine's errors into ErrDeadline.
func deadlineError(err error) error { return fmt.Errorf("%w: %w", ErrDeadline, err) }
