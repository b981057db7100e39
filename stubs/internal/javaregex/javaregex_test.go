package javaregex

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is expected here is what java.util.regex of JDK 17 says.
func TestMatchString(t *testing.T) {
	for _, c := range []struct {
		expr        string
		flags       Flags
		yes, no     []string
		onSlowerWay bool // Go's engine cannot
	}{
		{expr: "a.c", yes: []string{"abc", "aéc"}, no: []string{"a\nc", "a\u2028c", "xabc"}},
		{expr: "a.c", flags: DotAll, yes: []string{"a\nc"}},
		{expr: ".*foo.*", flags: DotAll, yes: []string{"foo", "a\nfoob"}, no: []string{"fo"}},
		{expr: "(?i)straße", yes: []string{"STRAßE"}, no: []string{"STRASSE"}},
		{expr: "(?i)é", yes: []string{"é"}, no: []string{"É"}},
		{expr: "(?iu)é", yes: []string{"É"}},
		{expr: `\w+\s\d`, yes: []string{"a_1 2"}, no: []string{"é 2"}},
		{expr: `\s`, yes: []string{"\v"}, no: []string{"\u00a0"}},
		{expr: "[a-z&&[^bc]]+", yes: []string{"ad"}, no: []string{"ab"}},
		{expr: "[a-d[m-p]]+", yes: []string{"am"}, no: []string{"e"}},
		{expr: "[]a]", yes: []string{"]", "a"}, no: []string{"b"}},
		{expr: "^abc$", yes: []string{"abc"}, no: []string{"abc\n"}},
		{expr: "abc$\n", yes: []string{"abc\n"}, onSlowerWay: true},
		{expr: `\bé\b`, yes: []string{"é"}},
		{expr: "(?=.*\\d)[a-z0-9]+", yes: []string{"a1"}, no: []string{"ab"}, onSlowerWay: true},
		{expr: "a++b", yes: []string{"aab"}, onSlowerWay: true},
		{expr: "a++ab", no: []string{"aab"}, onSlowerWay: true},
		{expr: `(\w)\1`, yes: []string{"aa"}, no: []string{"ab"}, onSlowerWay: true},
		{expr: `(?<n>x)\k<n>`, yes: []string{"xx"}, onSlowerWay: true},
		{expr: `\Qa.b\E+`, yes: []string{"a.bb"}, no: []string{"axb"}},
		{expr: "a{2000}", yes: []string{strings.Repeat("a", 2000)}, onSlowerWay: true},
		{expr: "(?x) a b # comment", yes: []string{"ab"}},
		{expr: `\x{1F600}\u0041\0101`, yes: []string{"😀AA"}},
		{expr: `\p{Lu}\p{Alpha}\P{L}`, yes: []string{"Éa1"}, no: []string{"éa1"}},
		{expr: `\p{IsGreek}`, yes: []string{"α"}, no: []string{"a"}},
		{expr: "a|", yes: []string{"", "a"}},
		{expr: "{2}", yes: []string{""}},
	} {
		re, err := Compile(c.expr, c.flags)
		require.NoError(t, err, c.expr)
		assert.Equal(t, c.onSlowerWay, re.whole == nil, "%s: engine", c.expr)
		for _, s := range c.yes {
			assert.True(t, re.MatchString(s), "%s on %q", c.expr, s)
		}
		for _, s := range c.no {
			assert.False(t, re.MatchString(s), "%s on %q", c.expr, s)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for expr, want := range map[string]string{
		"[":          "Unclosed character class near index 0\n[\n^",
		"*":          "Dangling meta character '*' near index 0\n*\n^",
		"a**b":       "Dangling meta character '*' near index 2\na**b\n  ^",
		"(a":         "Unclosed group near index 2\n(a",
		"a)":         "Unmatched closing ')' near index 0\na)\n^",
		"{a":         "Illegal repetition near index 1\n{a\n ^",
		"a{2,1}":     "Illegal repetition range near index 5\na{2,1}\n     ^",
		"[b-a]":      "Illegal character range near index 3\n[b-a]\n   ^",
		`\q`:         "Illegal/unsupported escape sequence near index 1\n\\q\n ^",
		`\p{Foo}`:    "Unknown character property name {Foo} near index 6\n\\p{Foo}\n      ^",
		"(?<1>a)":    "capturing group name does not start with a Latin letter near index 3\n(?<1>a)\n   ^",
		`\k<zz>`:     "named capturing group <zz> does not exist near index 5\n\\k<zz>\n     ^",
		"(?<=(ab)*)": "Look-behind group does not have an obvious maximum length near index 9\n(?<=(ab)*)\n         ^",
	} {
		_, err := Compile(expr, 0)
		assert.EqualError(t, err, want, expr)
	}
}

func TestFindAndReplace(t *testing.T) {
	re, err := Compile(`(\w+)@(?<host>\w+)(x)?`, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"a@b", "a", "b", ""}, re.FindStringSubmatch("- a@b -"))
	assert.Nil(t, re.FindStringSubmatch("none"))
	assert.Len(t, re.FindAllStringSubmatch("a@b c@d"), 2)
	got, err := re.ReplaceAll("é a@b, c@d", `${host}:$1\$$3`)
	require.NoError(t, err)
	assert.Equal(t, "é b:a$, d:c$", got)
	for replacement, want := range map[string]string{"$9": "No group 9", "${nope}": "No group with name {nope}", `\`: "character to be escaped is missing", "$": "Illegal group reference: group index is missing", "$x": "Illegal group reference"} {
		_, err := re.ReplaceFirst("a@b", replacement)
		assert.EqualError(t, err, want, replacement)
	}
	empty, err := Compile("b*", 0)
	require.NoError(t, err)
	got, err = empty.ReplaceAll("abbc", "-")
	require.NoError(t, err)
	assert.Equal(t, "-a--c-", got)
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		expr, text string
		want       []string
	}{
		{",", "a,b,,", []string{"a", "b"}},
		{",", "", []string{""}},
		{"", "ab", []string{"a", "b"}},
		{"x", ",", []string{","}},
		{"a", "aba", []string{"", "b"}},
	} {
		re, err := Compile(c.expr, 0)
		require.NoError(t, err)
		assert.Equal(t, c.want, re.Split(c.text), c)
	}
}

func TestPrefix(t *testing.T) {
	for expr, want := range map[string]string{"/api/.*": "/api/", "/api/[0-9]+": "/api/", "^/a(b)?": "/a", "(?i)/a": "/", "a|b": "", ".*": ""} {
		re, err := Compile(expr, DotAll)
		require.NoError(t, err)
		got, complete := re.Prefix()
		assert.Equal(t, want, got, expr)
		assert.False(t, complete, expr)
	}
	re, err := Compile(`/a\.b`, 0)
	require.NoError(t, err)
	got, complete := re.Prefix()
	assert.Equal(t, "/a.b", got)
	assert.True(t, complete)
}

func TestDeadline(t *testing.T) {
	re, err := Compile(`(?!x)(a+)+$`, 0)
	require.NoError(t, err)
	start := time.Now()
	assert.False(t, re.FindString(strings.Repeat("a", 60)+"!"))
	assert.Less(t, time.Since(start), 20*Deadline)
}

func TestMatchingAllocatesNothing(t *testing.T) {
	for _, expr := range []string{"/api/.*/x", "[a-z]+/[0-9]+", "(?i)abc.*"} {
		re, err := Compile(expr, DotAll)
		require.NoError(t, err)
		assert.Zero(t, testing.AllocsPerRun(100, func() { re.MatchString("/api/things/x") }), expr)
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a(b|c)*", `[\w&&[^a]]{2,3}+`, `(?<=x)\Q*\E`, "(?", "[a-", `\x{110000}`, "(?x)#\n[ a]", `\p{L`, "((((", "a{1,2}{3}"} {
		f.Add(s, "abc")
	}
	f.Fuzz(func(t *testing.T, expr, s string) {
		if len(expr) > 200 || len(s) > 50 {
			return
		}
		re, err := Compile(expr, DotAll)
		if err != nil {
			return
		}
		if re.MatchString(s) && re.whole != nil && re.slowMatches(s) == no {
			t.Errorf("the engines differ on %q over %q", expr, s)
		}
		if _, err := re.ReplaceAll(s, "$0"); err != nil {
			assert.ErrorIs(t, err, ErrDeadline)
		}
	})
}

type verdict int

const (
	no verdict = iota
	yes
	unknown
)

// slowMatches asks the backtracking engine.
func (r *Regexp) slowMatches(s string) verdict {
	re, err := r.slow(true)
	if err != nil {
		return unknown
	}
	re.MatchTimeout = 100 * time.Millisecond
	ok, err := re.MatchString(s)
	switch {
	case err != nil:
		return unknown
	case ok:
		return yes
	}
	return no
}
