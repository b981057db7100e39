package xmlmatch

import (
	"errors"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
)

// Placeholders are XMLUnit's: ${xmlunit.ignore}, ${xmlunit.isNumber}, ${xmlunit.isDateTime}, ${xmlunit.matchesRegex(…)}.
type Placeholders struct {
	placeholder, arguments *javaregex.Regexp
}

// NewPlaceholders makes placeholders between the given delimiters, which are regular expressions; blank ones stand for
// ${ and }. The error has Java's words.
func NewPlaceholders(opening, closing string) (*Placeholders, error) {
	if trim(opening) == "" {
		opening = `\Q${\E`
	}
	if trim(closing) == "" {
		closing = `\Q}\E`
	}
	re, err := javaregex.Compile(`(\s*`+opening+`\s*\Qxmlunit.\E(.+)\s*`+closing+`\s*)`, 0)
	if err != nil {
		return nil, err
	}
	args, err := javaregex.Compile(`((.*)\s*\Q(\E(.+)\s*\Q)\E\s*)`, 0)
	return &Placeholders{re, args}, err
}

// excuse reports whether a placeholder makes up for a difference.
func (p *Placeholders) excuse(t check, d detail) (bool, error) {
	switch t {
	case textValue:
		return p.match(d.expected, d.actual, true)
	case attrValue:
		if d.qualifiedActual {
			return false, nil
		}
		return p.match(d.expected, d.actual, true)
	case childNodelistLength:
		if d.oneTextInstead {
			return p.match(d.control.Children[0].Value, "", false)
		}
	case childLookup:
		if d.control.textual() {
			return p.match(d.control.Value, "", false)
		}
	case nodeType:
		if d.control.textual() && d.test.textual() {
			return p.match(d.control.Value, d.test.Value, true)
		}
	case attrNameLookup:
		return p.match(d.expected, "", false)
	case elementNumAttributes:
		return p.attributes(d.control, d.test)
	}
	return false, nil
}

// attributes reports whether all attributes that are missing are placeholders for nothing, and none is there besides.
func (p *Placeholders) attributes(control, test *Node) (bool, error) {
	found := 0
	for _, a := range control.Attrs {
		if matching(test.Attrs, a) != nil {
			found++
			continue
		}
		if ok, err := p.match(a.Value, "", false); !ok || err != nil {
			return false, err
		}
	}
	return found == len(test.Attrs), nil
}

var errNotAlone = errors.New("The placeholder must exclusively occupy the text node.") // XMLUnit's words

// match tests a value with the placeholder in expected, if there is one.
func (p *Placeholders) match(expected, actual string, present bool) (bool, error) {
	m := p.placeholder.FindStringSubmatch(expected)
	if m == nil {
		return false, nil
	}
	keyword, args := trim(m[2]), []string(nil)
	if a := p.arguments.FindStringSubmatch(keyword); a != nil {
		keyword, args = trim(a[2]), strings.Split(strings.TrimRight(a[3], ","), ",")
	}
	var test func(actual string, present bool, args []string) (bool, error)
	switch keyword {
	case "ignore":
		test = func(string, bool, []string) (bool, error) { return true, nil }
	case "isNumber":
		test = isNumber
	case "isDateTime":
		test = isDateTime
	case "matchesRegex":
		test = matchesRegex
	default:
		return false, nil
	}
	if trim(m[1]) != trim(expected) {
		return false, errNotAlone
	}
	return test(actual, present, args)
}

func isNumber(actual string, present bool, _ []string) (bool, error) {
	return present && found(`[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?\z`, trim(actual)), nil
}

// found reports whether a pattern of this package matches at the start of s.
func found(expr, s string) bool {
	re, err := javaregex.Compile(`\A`+expr, 0)
	return err == nil && re.FindString(s)
}

func matchesRegex(actual string, present bool, args []string) (bool, error) {
	if len(args) == 0 || args[0] == "" {
		return false, nil
	}
	re, err := javaregex.Compile(trim(args[0]), 0)
	if err != nil {
		return false, err
	}
	return present && re.FindString(trim(actual)), nil
}

// isDateTime tries the text as Java's lenient date formats do, for which the start of a text is enough.
func isDateTime(actual string, present bool, args []string) (bool, error) {
	if !present || actual == "" {
		return false, nil
	}
	if len(args) == 1 {
		return found(dateExpression(args[0]), actual), nil
	}
	return found(dateExpression("yyyy-MM-dd"), actual) || found(dateExpression("M/d/yy"), actual), nil
}

// dateExpression is a regular expression for what a SimpleDateFormat parses.
func dateExpression(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); {
		c := pattern[i]
		n := i
		for n < len(pattern) && pattern[n] == c {
			n++
		}
		count := n - i
		next := byte(0)
		if n < len(pattern) {
			next = pattern[n]
		}
		i = n
		switch {
		case c == '\'':
			end := strings.IndexByte(pattern[i:], '\'')
			if end < 0 {
				end = len(pattern) - i
			}
			b.WriteString(`\Q` + pattern[i:i+end] + `\E`)
			i = min(len(pattern), i+end+1)
		case c == 'M' && count > 2 || c == 'E' || c == 'G' || c == 'a' || c == 'z':
			b.WriteString(`[\p{L}.:+0-9-]+`)
		case c == 'Z':
			b.WriteString(`([-+]\d{4}|[A-Z]+)`)
		case c == 'X':
			b.WriteString(`(Z|[-+]\d\d(:?\d\d)?)`)
		case strings.IndexByte("yMdHhmsSDFwWuKkYL", c) >= 0:
			b.WriteString(`\s*-?`)
			if strings.IndexByte("yMdHhmsSDFwWuKkYL", next) >= 0 && next != 0 {
				b.WriteString(strings.Repeat(`\d`, count))
			} else {
				b.WriteString(`\d+`)
			}
		default:
			b.WriteString(`\Q` + strings.Repeat(string(rune(c)), count) + `\E`)
		}
	}
	return b.String()
}
