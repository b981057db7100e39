// Package datetime formats, parses, shifts and truncates dates the way WireMock does with java.time.
package datetime

import (
	"fmt"
	"strings"
	"time"
)

// Formatter is a compiled java.time.format.DateTimeFormatter pattern, English locale. It is safe for concurrent use.
type Formatter struct {
	pattern  string
	elements []element
}

// element is a literal, a field or an optional section of a pattern.
type element struct {
	literal  string
	letter   byte // 0: a literal or an optional section
	count    int
	pad      int // from the letter p: the width to pad to with spaces
	optional []element
	// For a number: how many digits of the fixed-width numbers right behind it must be left over when it is parsed.
	reserved int
}

// Time is a parsed point: an instant when HasZone, else a local date and time carried in UTC.
type Time struct {
	time.Time
	HasZone bool
	HasTime bool // false for a bare date
}

const letters = "GuyDMLdQqYwWEecFaBhKkHmsSAnNVvzOXxZg"

// maxPattern bounds the length of patterns, which can come from a request.
const maxPattern = 1000

// Compile parses a pattern such as "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"; the error has java.time's words.
func Compile(pattern string) (*Formatter, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("Too many pattern letters: %c", pattern[0]) // Java's words
	}
	c := compiler{pattern: pattern}
	elements, err := c.section(0)
	if err != nil {
		return nil, err
	}
	return &Formatter{pattern, elements}, nil
}

type compiler struct {
	pattern string
	pos     int
}

func (c *compiler) section(depth int) ([]element, error) {
	var list []element
	for c.pos < len(c.pattern) {
		switch ch := c.pattern[c.pos]; {
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
			e, err := c.field()
			if err != nil {
				return nil, err
			}
			list = append(list, e)
		case ch == '\'':
			text, err := c.quoted()
			if err != nil {
				return nil, err
			}
			list = append(list, element{literal: text})
		case ch == '[':
			c.pos++
			inner, err := c.section(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, element{optional: inner})
		case ch == ']':
			if depth == 0 {
				return nil, fmt.Errorf("Pattern invalid as it contains ] without previous [") // Java's words
			}
			c.pos++
			return reserve(list), nil
		case ch == '{' || ch == '}' || ch == '#':
			return nil, fmt.Errorf("Pattern includes reserved character: '%c'", ch) // Java's words
		default:
			list = append(list, element{literal: string(ch)})
			c.pos++
		}
	}
	return reserve(list), nil
}

// field reads a run of one letter, with the padding in front of it.
func (c *compiler) field() (element, error) {
	start := c.pos
	letter, n := c.run()
	pad := 0
	if letter == 'p' {
		pad = n
		if c.pos >= len(c.pattern) || !isLetter(c.pattern[c.pos]) {
			return element{}, fmt.Errorf("Pad letter 'p' must be followed by valid pad pattern: %s", c.pattern) // Java's words
		}
		start = c.pos
		letter, n = c.run()
	}
	if strings.IndexByte(letters, letter) < 0 {
		return element{}, fmt.Errorf("Unknown pattern letter: %c", letter) // Java's words
	}
	if letter == 'V' && n != 2 {
		return element{}, fmt.Errorf("Pattern letter count must be 2: %c", letter) // Java's words
	}
	if letter == 'O' && n != 1 && n != 4 {
		return element{}, fmt.Errorf("Pattern letter count must be 1 or 4: %c", letter) // Java's words
	}
	if letter == 'c' && n == 2 {
		return element{}, fmt.Errorf(`Invalid pattern "cc"`) // Java's words
	}
	if n > mostLetters(letter) || letter == 'B' && (n == 2 || n == 3) {
		return element{}, fmt.Errorf("Too many pattern letters: %c", letter) // Java's words
	}
	return element{letter: letter, count: n, pad: pad, literal: c.pattern[start:c.pos]}, nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (c *compiler) run() (letter byte, n int) {
	letter = c.pattern[c.pos]
	for c.pos < len(c.pattern) && c.pattern[c.pos] == letter {
		c.pos++
		n++
	}
	return letter, n
}

// mostLetters is how often a letter may repeat.
func mostLetters(letter byte) int {
	switch letter {
	case 'a', 'F', 'W':
		return 1
	case 'd', 'h', 'H', 'k', 'K', 'm', 's', 'w':
		return 2
	case 'D':
		return 3
	case 'z', 'v':
		return 4
	case 'G', 'M', 'L', 'Q', 'q', 'E', 'e', 'c', 'X', 'x', 'Z', 'B':
		return 5
	case 'S':
		return 9
	}
	return 19
}

func (c *compiler) quoted() (string, error) {
	start := c.pos
	var b strings.Builder
	for c.pos++; c.pos < len(c.pattern); c.pos++ {
		if c.pattern[c.pos] != '\'' {
			b.WriteByte(c.pattern[c.pos])
			continue
		}
		if c.pos+1 < len(c.pattern) && c.pattern[c.pos+1] == '\'' {
			b.WriteByte('\'')
			c.pos++
			continue
		}
		c.pos++
		if b.Len() == 0 {
			return "'", nil
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("Pattern ends with an incomplete string literal: %s", c.pattern[start:]) // Java's words
}

// reserve works out which numbers have to leave digits to the fixed-width numbers behind them, as in yyyyMMdd.
func reserve(list []element) []element {
	for i := range list {
		if list[i].letter == 0 || !list[i].numeric() {
			continue
		}
		for j := i + 1; j < len(list) && list[j].letter != 0 && list[j].numeric() && list[j].fixed(); j++ {
			list[i].reserved += list[j].count
		}
	}
	return list
}

// numeric reports whether the field prints digits.
func (e element) numeric() bool {
	switch e.letter {
	case 'M', 'L', 'Q', 'q', 'e', 'c':
		return e.count <= 2
	}
	return strings.IndexByte("uyYDdwWFhKkHmsSAnNg", e.letter) >= 0
}

// fixed reports whether the field takes exactly count digits.
func (e element) fixed() bool {
	switch e.letter {
	case 'u', 'y', 'Y', 'd', 'h', 'H', 'k', 'K', 'm', 's', 'w', 'M', 'L', 'Q', 'q', 'e':
		return e.count == 2
	case 'D':
		return e.count == 3
	case 'S':
		return true
	}
	return false
}
