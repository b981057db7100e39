package javaregex

import (
	"slices"
	"strings"
	"sync"
	"unicode"
)

// runeSet is a set of characters: pairs of first and last, in order, without overlap.
type runeSet []rune

var (
	allRunes         = runeSet{0, unicode.MaxRune}
	digits           = runeSet{'0', '9'}
	wordRunes        = runeSet{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	spaces           = runeSet{'\t', '\r', ' ', ' '}
	lineEnds         = runeSet{'\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029}
	verticalSpaces   = runeSet{'\n', '\r', 0x85, 0x85, 0x2028, 0x2029}
	horizontalSpaces = runeSet{'\t', '\t', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x180E, 0x180E, 0x2000, 0x200A, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000}
)

// The large sets are made when a pattern first asks for one: every start of the program would pay for them.
var (
	unicodeWord = sync.OnceValue(func() runeSet {
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
	})
	// boundaryRunes is what \b takes for a part of a word.
	boundaryRunes = sync.OnceValue(func() runeSet { return tables(unicode.L, unicode.Nd).union(runeSet{'_', '_'}) })
)

func (s runeSet) union(t runeSet) runeSet {
	if len(s) == 0 {
		return t
	}
	if len(t) == 0 {
		return s
	}
	pairs := make([][2]rune, 0, (len(s)+len(t))/2)
	for i := 0; i < len(s); i += 2 {
		pairs = append(pairs, [2]rune{s[i], s[i+1]})
	}
	for i := 0; i < len(t); i += 2 {
		pairs = append(pairs, [2]rune{t[i], t[i+1]})
	}
	slices.SortFunc(pairs, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	out := runeSet{pairs[0][0], pairs[0][1]}
	for _, p := range pairs[1:] {
		if last := &out[len(out)-1]; p[0] <= *last+1 {
			*last = max(*last, p[1])
		} else {
			out = append(out, p[0], p[1])
		}
	}
	return out
}

func (s runeSet) negate() runeSet {
	var out runeSet
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if s[i] > next {
			out = append(out, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

func (s runeSet) intersect(t runeSet) runeSet {
	return s.negate().union(t.negate()).negate()
}

func (s runeSet) contains(r rune) bool {
	for i := 0; i < len(s); i += 2 {
		if r >= s[i] && r <= s[i+1] {
			return true
		}
	}
	return false
}

// fold adds the other cases of the set's letters: ASCII ones, or with (?u) all.
func (p *parser) fold(s runeSet) runeSet {
	if !p.has(flagIgnoreCase) {
		return s
	}
	var more runeSet
	for c := 'a'; c <= 'z'; c++ {
		if upper := c - 'a' + 'A'; s.contains(c) != s.contains(upper) {
			more = more.union(runeSet{c, c}).union(runeSet{upper, upper})
		}
	}
	if p.has(flagUnicodeCase) {
		for _, pair := range foldable(s) {
			for f := unicode.SimpleFold(pair); f != pair; f = unicode.SimpleFold(f) {
				more = more.union(runeSet{f, f})
			}
		}
	}
	return s.union(more)
}

// maxFoldable bounds the folding of large sets, which have both cases of nearly everything anyway.
const maxFoldable = 3000

// foldable lists the non-ASCII letters of a set that have other cases.
func foldable(s runeSet) []rune {
	var out []rune
	for i := 0; i < len(s); i += 2 {
		for r := s[i]; r <= s[i+1] && r-s[i] < maxFoldable; r++ {
			if unicode.SimpleFold(r) != r {
				out = append(out, r)
			}
		}
	}
	return out
}

// tables is the union of Unicode tables.
func tables(ts ...*unicode.RangeTable) runeSet {
	var out runeSet
	for _, t := range ts {
		var s runeSet
		for _, r := range t.R16 {
			s = appendStride(s, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			s = appendStride(s, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		out = out.union(s)
	}
	return out
}

func appendStride(s runeSet, lo, hi, stride rune) runeSet {
	if stride == 1 {
		return append(s, lo, hi)
	}
	for r := lo; r <= hi; r += stride {
		s = append(s, r, r)
	}
	return s
}

const unknownProperty = "Unknown character property name {%s}"

// namedSet is the set of \p{name}; problem is Java's complaint about a name that there is not.
func namedSet(name string, ignoreCase, unicodeClass bool) (s runeSet, problem string) {
	if key, value, ok := strings.Cut(name, "="); ok {
		switch strings.ToLower(key) {
		case "sc", "script":
			if s, ok := script(value); ok {
				return s, ""
			}
			return nil, "Unknown character script name {" + value + "}%.0s"
		case "gc", "general_category":
			if s, ok := category(value, ignoreCase); ok {
				return s, ""
			}
		case "blk", "block":
			if s, ok := block(value); ok {
				return s, ""
			}
			return nil, "Unknown character block name {" + value + "}%.0s"
		}
		return nil, "Unknown Unicode property {name=<" + key + ">, value=<" + value + ">}%.0s"
	}
	if rest, ok := strings.CutPrefix(name, "In"); ok {
		if s, ok := block(rest); ok {
			return s, ""
		}
		return nil, "Unknown character block name {" + rest + "}%.0s"
	}
	if rest, ok := strings.CutPrefix(name, "Is"); ok {
		if s, ok := binaryProperty(rest, ignoreCase); ok {
			return s, ""
		}
		if s, ok := category(rest, ignoreCase); ok {
			return s, ""
		}
		if s, ok := script(rest); ok {
			return s, ""
		}
		return nil, "Unknown character property name {" + rest + "}%.0s"
	}
	if unicodeClass {
		if s, ok := binaryProperty(name, ignoreCase); ok {
			return s, ""
		}
	}
	if s, ok := posix(name, ignoreCase); ok {
		return s, ""
	}
	if s, ok := category(name, ignoreCase); ok {
		return s, ""
	}
	return nil, unknownProperty
}

var asciiPunctuation = runeSet{'!', '/', ':', '@', '[', '`', '{', '~'}

// posix has the US-ASCII classes and those named after methods of java.lang.Character.
func posix(name string, ignoreCase bool) (runeSet, bool) {
	letters := runeSet{'A', 'Z', 'a', 'z'}
	switch name {
	case "Lower":
		if ignoreCase {
			return letters, true
		}
		return runeSet{'a', 'z'}, true
	case "Upper":
		if ignoreCase {
			return letters, true
		}
		return runeSet{'A', 'Z'}, true
	case "ASCII":
		return runeSet{0, 0x7f}, true
	case "Alpha":
		return letters, true
	case "Digit":
		return digits, true
	case "Alnum":
		return letters.union(digits), true
	case "Punct":
		return asciiPunctuation, true
	case "Graph":
		return runeSet{'!', '~'}, true
	case "Print":
		return runeSet{' ', '~'}, true
	case "Blank":
		return runeSet{'\t', '\t', ' ', ' '}, true
	case "Cntrl":
		return runeSet{0, 0x1f, 0x7f, 0x7f}, true
	case "XDigit":
		return runeSet{'0', '9', 'A', 'F', 'a', 'f'}, true
	case "Space":
		return spaces, true
	case "all":
		return allRunes, true
	case "javaLowerCase", "javaUpperCase", "javaTitleCase":
		if ignoreCase {
			return tables(unicode.Ll, unicode.Lu, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase), true
		}
	}
	switch name {
	case "javaLowerCase":
		return tables(unicode.Ll, unicode.Other_Lowercase), true
	case "javaUpperCase":
		return tables(unicode.Lu, unicode.Other_Uppercase), true
	case "javaAlphabetic":
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic), true
	case "javaTitleCase":
		return tables(unicode.Lt), true
	case "javaDigit":
		return tables(unicode.Nd), true
	case "javaLetter":
		return tables(unicode.L), true
	case "javaLetterOrDigit":
		return tables(unicode.L, unicode.Nd), true
	case "javaSpaceChar":
		return tables(unicode.Z), true
	case "javaWhitespace":
		return tables(unicode.Z).intersect(runeSet{0xA0, 0xA0, 0x2007, 0x2007, 0x202F, 0x202F}.negate()).
			union(runeSet{'\t', '\r', 0x1c, 0x1f}), true
	case "javaISOControl":
		return runeSet{0, 0x1f, 0x7f, 0x9f}, true
	}
	return nil, false
}

func category(name string, ignoreCase bool) (runeSet, bool) {
	if ignoreCase && (name == "Lu" || name == "Ll" || name == "Lt") || name == "LC" {
		return tables(unicode.Lu, unicode.Ll, unicode.Lt), true
	}
	switch name {
	case "LD":
		return tables(unicode.L, unicode.Nd), true
	case "L1":
		return runeSet{0, 0xff}, true
	}
	if t, ok := unicode.Categories[name]; ok {
		return tables(t), true
	}
	return nil, false
}

func script(name string) (runeSet, bool) {
	for known, t := range unicode.Scripts {
		if strings.EqualFold(known, name) {
			return tables(t), true
		}
	}
	return nil, false
}

func binaryProperty(name string, ignoreCase bool) (runeSet, bool) {
	letter := tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic)
	switch strings.ToUpper(name) {
	case "ALPHABETIC", "ALPHA":
		return letter, true
	case "LETTER":
		return tables(unicode.L), true
	case "IDEOGRAPHIC":
		return tables(unicode.Ideographic), true
	case "LOWERCASE", "LOWER", "UPPERCASE", "UPPER", "TITLECASE":
		lower, upper := tables(unicode.Ll, unicode.Other_Lowercase), tables(unicode.Lu, unicode.Other_Uppercase)
		switch {
		case ignoreCase:
			return lower.union(upper).union(tables(unicode.Lt)), true
		case strings.HasPrefix(strings.ToUpper(name), "LOWER"):
			return lower, true
		case strings.HasPrefix(strings.ToUpper(name), "UPPER"):
			return upper, true
		}
		return tables(unicode.Lt), true
	case "WHITE_SPACE", "WHITESPACE", "SPACE":
		return tables(unicode.White_Space), true
	case "PUNCTUATION", "PUNCT":
		return tables(unicode.P), true
	case "DIGIT":
		return tables(unicode.Nd), true
	case "ALNUM":
		return letter.union(tables(unicode.Nd)), true
	case "CONTROL", "CNTRL":
		return tables(unicode.Cc), true
	case "HEX_DIGIT", "HEXDIGIT", "XDIGIT":
		return tables(unicode.Hex_Digit, unicode.Nd), true
	case "WORD":
		return unicodeWord(), true
	case "ASSIGNED":
		return tables(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.C), true
	}
	return nil, false
}

// block has the Unicode blocks that patterns name now and then.
func block(name string) (runeSet, bool) {
	switch strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToUpper(name)) {
	case "BASICLATIN", "ASCII":
		return runeSet{0, 0x7f}, true
	case "LATIN1SUPPLEMENT", "LATIN1":
		return runeSet{0x80, 0xff}, true
	case "LATINEXTENDEDA":
		return runeSet{0x100, 0x17f}, true
	case "LATINEXTENDEDB":
		return runeSet{0x180, 0x24f}, true
	case "GREEK", "GREEKANDCOPTIC":
		return runeSet{0x370, 0x3ff}, true
	case "CYRILLIC":
		return runeSet{0x400, 0x4ff}, true
	case "HEBREW":
		return runeSet{0x590, 0x5ff}, true
	case "ARABIC":
		return runeSet{0x600, 0x6ff}, true
	case "DEVANAGARI":
		return runeSet{0x900, 0x97f}, true
	case "THAI":
		return runeSet{0xe00, 0xe7f}, true
	case "GENERALPUNCTUATION":
		return runeSet{0x2000, 0x206f}, true
	case "CURRENCYSYMBOLS":
		return runeSet{0x20a0, 0x20cf}, true
	case "HIRAGANA":
		return runeSet{0x3040, 0x309f}, true
	case "KATAKANA":
		return runeSet{0x30a0, 0x30ff}, true
	case "CJKUNIFIEDIDEOGRAPHS":
		return runeSet{0x4e00, 0x9fff}, true
	case "HANGULSYLLABLES":
		return runeSet{0xac00, 0xd7af}, true
	}
	return nil, false
}
