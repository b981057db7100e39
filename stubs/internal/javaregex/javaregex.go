// Package javaregex runs java.util.regex patterns.
//
// Patterns that mean the same in RE2 run on Go's linear-time engine; all others (look-around, back-references, possessive
// quantifiers …) run on a backtracking engine under a deadline.
package javaregex

import (
	"regexp"
	"time"
)

// Flags are the match flags of java.util.regex.Pattern that a caller may set.
type Flags uint8

// The flags; each has an inline form, as in (?i).
const (
	CaseInsensitive Flags = 1 << iota // (?i), ASCII letters only
	DotAll                            // (?s)
	Multiline                         // (?m)
)

// Deadline bounds a single match on the backtracking engine.
const Deadline = time.Second

// Regexp is a compiled Java pattern. It is safe for concurrent use.
type Regexp struct {
	expr string
	re   *regexp.Regexp
}

// Compile parses expr; the error has the words of Java's PatternSyntaxException.
func Compile(expr string, flags Flags) (*Regexp, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	return &Regexp{expr, re}, nil
}

// String is the pattern as it was given.
func (r *Regexp) String() string { return r.expr }

// MatchString reports whether the whole of s matches (Matcher.matches). It is false when the deadline passes.
func (r *Regexp) MatchString(s string) bool { return r.re.FindString(s) == s }

// FindString reports whether a part of s matches (Matcher.find).
func (r *Regexp) FindString(s string) bool { return r.re.MatchString(s) }

// FindStringSubmatch returns the first match anywhere in s and its groups, nil if there is none. A group that took no
// part is "".
func (r *Regexp) FindStringSubmatch(s string) []string { return r.re.FindStringSubmatch(s) }

// FindAllStringSubmatch returns every match in s and its groups.
func (r *Regexp) FindAllStringSubmatch(s string) [][]string {
	return r.re.FindAllStringSubmatch(s, -1)
}

// ReplaceAll replaces every match like String.replaceAll: $1 and ${name} stand for groups, a backslash quotes.
func (r *Regexp) ReplaceAll(s, replacement string) (string, error) {
	return r.re.ReplaceAllString(s, replacement), nil
}

// Split is String.split: trailing empty strings are dropped.
func (r *Regexp) Split(s string) []string { return r.re.Split(s, -1) }
