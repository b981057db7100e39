package javaregex

import (
	"strings"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// Match is one match in a text: byte offsets in pairs for it and its groups, -1 for a group that took no part.
type Match []int

// FindStringSubmatch returns the first match anywhere in s and its groups, nil if there is none. A group that took no
// part is "".
func (r *Regexp) FindStringSubmatch(s string) []string {
	ms, _ := r.FindAllIndex(s, 1)
	if len(ms) == 0 {
		return nil
	}
	return ms[0].groups(s)
}

// FindAllStringSubmatch returns every match in s and its groups.
func (r *Regexp) FindAllStringSubmatch(s string) [][]string {
	ms, _ := r.FindAllIndex(s, -1)
	out := make([][]string, 0, len(ms))
	for _, m := range ms {
		out = append(out, m.groups(s))
	}
	return out
}

func (m Match) groups(s string) []string {
	out := make([]string, len(m)/2)
	for i := range out {
		if m[2*i] >= 0 {
			out[i] = s[m[2*i]:m[2*i+1]]
		}
	}
	return out
}

// FindAllIndex returns up to n matches in s (all for n < 0), as repeated Matcher.find gives them.
// The error is ErrDeadline.
func (r *Regexp) FindAllIndex(s string, n int) ([]Match, error) {
	if re := r.fast(s); re != nil && n == 1 {
		if m := re.FindStringSubmatchIndex(s); m != nil {
			return []Match{m}, nil
		}
		return nil, nil
	}
	re, err := r.slow(false)
	if err != nil {
		return nil, deadlineError(err)
	}
	runes := make([]rune, 0, len(s))
	offsets := make([]int, 0, len(s)+1)
	for i, c := range s {
		runes, offsets = append(runes, c), append(offsets, i)
	}
	offsets = append(offsets, len(s))
	var out []Match
	m, err := re.FindRunesMatch(runes)
	for ; m != nil && err == nil && len(out) != n; m, err = re.FindNextMatch(m) {
		out = append(out, toMatch(m, offsets))
	}
	if err != nil {
		return out, deadlineError(err)
	}
	return out, nil
}

func toMatch(m *regexp2.Match, offsets []int) Match {
	var out Match
	for _, g := range m.Groups() {
		if len(g.Captures) == 0 {
			out = append(out, -1, -1)
		} else {
			out = append(out, offsets[g.Index], offsets[g.Index+g.Length])
		}
	}
	return out
}

// Groups is the number of capturing groups.
func (r *Regexp) Groups() int { return r.groups }

// ReplaceAll replaces every match like String.replaceAll: $1 and ${name} stand for groups, a backslash quotes.
func (r *Regexp) ReplaceAll(s, replacement string) (string, error) {
	return r.replace(s, replacement, -1)
}

// ReplaceFirst replaces the first match like String.replaceFirst.
func (r *Regexp) ReplaceFirst(s, replacement string) (string, error) {
	return r.replace(s, replacement, 1)
}

func (r *Regexp) replace(s, replacement string, n int) (string, error) {
	matches, err := r.FindAllIndex(s, n)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	end := 0
	for _, m := range matches {
		b.WriteString(s[end:m[0]])
		if err := r.expand(&b, replacement, s, m); err != nil {
			return "", err
		}
		end = m[1]
	}
	b.WriteString(s[end:])
	return b.String(), nil
}

// ReplacementError is a replacement that Java refuses, in its words.
type ReplacementError struct{ Message string }

func (e *ReplacementError) Error() string { return e.Message }

func (r *Regexp) expand(b *strings.Builder, replacement, s string, m Match) error {
	for i := 0; i < len(replacement); {
		switch c := replacement[i]; c {
		case '\\':
			if i+1 == len(replacement) {
				return &ReplacementError{"character to be escaped is missing"}
			}
			_, size := utf8.DecodeRuneInString(replacement[i+1:])
			b.WriteString(replacement[i+1 : i+1+size])
			i += 1 + size
		case '$':
			group, next, err := r.groupReference(replacement, i+1)
			if err != nil {
				return err
			}
			if m[2*group] >= 0 {
				b.WriteString(s[m[2*group]:m[2*group+1]])
			}
			i = next
		default:
			b.WriteByte(c)
			i++
		}
	}
	return nil
}

// groupReference reads what follows a dollar sign and gives the position behind it.
func (r *Regexp) groupReference(text string, i int) (group, next int, err error) {
	if i == len(text) {
		return 0, 0, &ReplacementError{"Illegal group reference: group index is missing"}
	}
	if text[i] == '{' {
		end := i + 1
		for end < len(text) && isAlnum(rune(text[end])) {
			end++
		}
		name := text[i+1 : end]
		switch group, known := r.names[name]; {
		case name == "":
			return 0, 0, &ReplacementError{"named capturing group is missing trailing '}'"}
		case end == len(text) || text[end] != '}':
			return 0, 0, &ReplacementError{"named capturing group is missing trailing '}'"}
		case isDigit(rune(name[0])):
			return 0, 0, &ReplacementError{"capturing group name {" + name + "} starts with digit character"}
		case !known:
			return 0, 0, &ReplacementError{"No group with name {" + name + "}"}
		default:
			return group, end + 1, nil
		}
	}
	if !isDigit(rune(text[i])) {
		return 0, 0, &ReplacementError{"Illegal group reference"}
	}
	group = int(text[i] - '0')
	if group > r.groups {
		return 0, 0, &ReplacementError{"No group " + text[i:i+1]}
	}
	for i++; i < len(text) && isDigit(rune(text[i])); i++ {
		more := group*10 + int(text[i]-'0')
		if more > r.groups {
			break
		}
		group = more
	}
	return group, i, nil
}

// Split is String.split: trailing empty strings are dropped, and so is one before an empty match at the start.
func (r *Regexp) Split(s string) []string {
	if s == "" {
		return []string{""}
	}
	matches, _ := r.FindAllIndex(s, -1)
	if len(matches) == 0 {
		return []string{s}
	}
	var out []string
	start := 0
	for _, m := range matches {
		if m[1] == 0 {
			continue
		}
		out = append(out, s[start:m[0]])
		start = m[1]
	}
	out = append(out, s[start:])
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}
