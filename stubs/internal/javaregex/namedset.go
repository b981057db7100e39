package javaregex

import (
	"strings"
	"unicode"
)

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
