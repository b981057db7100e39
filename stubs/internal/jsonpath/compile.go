package jsonpath

import (
	"strconv"
	"strings"
)

// maxLength bounds an expression, so that its nesting cannot exhaust the stack.
const maxLength = 20_000

// Compile parses expr. A path that starts with neither $ nor @ gets "$." in front, as Jayway does.
// The error is a *PathError with Jayway's words.
func Compile(expr string) (*Path, error) {
	if expr == "" {
		return nil, invalidf("json can not be null or empty")
	}
	if len(expr) > maxLength {
		return nil, invalidf("the path is longer than %d characters", maxLength)
	}
	p, err := compile(expr)
	if err != nil {
		return nil, err
	}
	p.expr = expr
	return p, nil
}

func compile(expr string) (*Path, error) {
	s := newScanner(expr)
	s.trim()
	if c := s.at(0); c != '$' && c != '@' {
		s = newScanner("$." + expr)
		s.trim()
	}
	if s.at(s.end) == '.' {
		return nil, invalidf("Path must not end with a '.' or '..'")
	}
	return (&compiler{scanner: s}).path()
}

type compiler struct {
	*scanner
	steps []*step
}

func (c *compiler) path() (*Path, error) {
	for c.inBounds() && isWhitespace(c.char()) {
		c.pos++
	}
	root := c.char()
	if root != '$' && root != '@' {
		return nil, invalidf("Path must start with '$' or '@'")
	}
	if !c.atTail() {
		c.pos++
		if c.char() != '.' && c.char() != '[' {
			return nil, invalidf("Illegal character at position %d expected '.' or '['", c.pos)
		}
		for {
			if err := c.step(); err != nil {
				return nil, err
			}
			if c.atTail() {
				break
			}
		}
	}
	return newPath(root, c.steps), nil
}

// step reads one token of the path, or two where a dot comes before a name.
func (c *compiler) step() error {
	start := c.pos
	switch c.char() {
	case '[':
		return c.bracket()
	case '.':
		return c.dot()
	case '*':
		if c.pos+1 > c.end && c.char() != '*' {
			return invalidf("Could not parse token starting at position %d", start)
		}
		c.pos++
		c.add(&step{kind: wildcard})
		return nil
	}
	return c.nameOrFunction()
}

func (c *compiler) add(s *step) { c.steps = append(c.steps, s) }

func (c *compiler) dot() error {
	if c.at(c.pos+1) == '.' && c.in(c.pos+1) {
		c.add(&step{kind: scan})
		c.pos += 2
	} else {
		if !c.in(c.pos + 1) {
			return invalidf("Path must not end with a '.")
		}
		c.pos++
	}
	if c.char() == '.' {
		return invalidf("Character '.' on position %d is not valid.", c.pos)
	}
	return c.step()
}

func (c *compiler) bracket() error {
	start := c.pos
	for _, read := range []func() (bool, error){c.names, c.index, c.bracketWildcard, c.filter, c.placeholder} {
		if ok, err := read(); ok || err != nil {
			return err
		}
	}
	return invalidf("Could not parse token starting at position %d. Expected ?, ', 0-9, * ", start)
}

// names reads ['a','b'].
func (c *compiler) names() (bool, error) {
	quote := c.nextChar(c.pos)
	if quote != '\'' && quote != '"' {
		return false, nil
	}
	var names []string
	var start, end int
	inName, escape, comma := false, false, false
loop:
	for i := c.pos + 1; c.in(i); i++ {
		switch ch := c.src[i]; {
		case escape:
			escape = false
		case ch == '\\':
			escape = true
		case ch == ']' && !inName:
			if comma {
				return false, invalidf("Found empty property at index %d", i)
			}
			break loop
		case ch == quote && inName:
			if n := c.nextChar(i); n != ']' && n != ',' {
				return false, invalidf("Property must be separated by comma or Property must be terminated close square bracket at index %d", i)
			}
			name, err := unescape(c.src[start:i])
			if err != nil {
				return false, invalidf("%s", err)
			}
			names = append(names, name)
			end, inName = i, false
		case ch == quote:
			start, inName, comma = i+1, true, false
		case ch == ',' && !inName:
			if comma {
				return false, invalidf("Found empty property at index %d", i)
			}
			comma = true
		}
	}
	if inName {
		return false, invalidf("Property has not been closed - missing closing %c", quote)
	}
	bracket := c.next(end)
	if c.at(bracket) != ']' {
		return false, invalidf("Property has not been closed - missing closing ]")
	}
	c.pos = bracket + 1
	c.add(&step{kind: property, names: names, quote: quote})
	return true, nil
}

// index reads [1], [1,2] and slices.
func (c *compiler) index() (bool, error) {
	if n := c.nextChar(c.pos); !isDigit(n) && n != '-' && n != ':' {
		return false, nil
	}
	end := c.indexFrom(c.pos+1, ']')
	if end < 0 {
		return false, nil
	}
	expr := strings.TrimSpace(c.src[c.pos+1 : end])
	if strings.Trim(expr, "0123456789,-: ") != "" {
		return false, nil
	}
	s, err := parseIndex(expr)
	if err != nil {
		return false, err
	}
	c.add(s)
	c.pos = end + 1
	return true, nil
}

func parseIndex(expr string) (*step, error) {
	if !strings.Contains(expr, ":") {
		s := &step{kind: index}
		for token := range strings.SplitSeq(expr, ",") {
			i, err := parseInt(strings.TrimSpace(token))
			if err != nil {
				return nil, err
			}
			s.indexes = append(s.indexes, i)
		}
		return s, nil
	}
	if strings.ContainsAny(expr, " ,") {
		return nil, invalidf("Failed to parse SliceOperation: %s", expr)
	}
	s := &step{kind: slice}
	bounds := strings.Split(expr, ":")
	for i, bound := range []**int{&s.from, &s.to} {
		if i < len(bounds) && bounds[i] != "" {
			n, err := parseInt(bounds[i])
			if err != nil {
				return nil, err
			}
			*bound = &n
		}
	}
	if s.from == nil && s.to == nil {
		return nil, invalidf("Failed to parse SliceOperation: %s", expr)
	}
	return s, nil
}

func parseInt(s string) (int, error) {
	i, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, invalidf("For input string: \"%s\"", s)
	}
	return int(i), nil
}

func (c *compiler) bracketWildcard() (bool, error) {
	star := c.next(c.pos)
	if !c.in(star) || c.src[star] != '*' {
		return false, nil
	}
	end := c.next(star)
	if !c.in(end) || c.src[end] != ']' {
		return false, invalidf("Expected wildcard token to end with ']' on position %d", star+1)
	}
	c.pos = end + 1
	c.add(&step{kind: wildcard})
	return true, nil
}

// filter reads [?(…)].
func (c *compiler) filter() (bool, error) {
	start := c.pos
	mark := c.next(c.pos)
	if mark >= len(c.src) {
		return false, c.outOfRange()
	}
	if c.src[mark] != '?' {
		return false, nil
	}
	open := c.next(mark)
	if open >= len(c.src) {
		return false, c.outOfRange()
	}
	if c.src[open] != '(' {
		return false, nil
	}
	end, err := c.closing(open, '(', ')', true)
	if err != nil || end < 0 {
		return false, err
	}
	bracket := c.next(end)
	if !c.in(bracket) || c.src[bracket] != ']' {
		return false, nil
	}
	f, err := compileFilter(c.src[start : bracket+1])
	if err != nil {
		return false, err
	}
	c.add(&step{kind: filter, filter: f})
	c.pos = bracket + 1
	return true, nil
}

// placeholder reads [?], for which Jayway wants predicates from code.
func (c *compiler) placeholder() (bool, error) {
	mark := c.next(c.pos)
	if !c.in(mark) || c.src[mark] != '?' {
		return false, nil
	}
	if n := c.nextChar(mark); n != ']' && n != ',' {
		return false, nil
	}
	end := c.indexFrom(c.pos+1, ']')
	if end < 0 {
		return false, nil
	}
	return false, invalidf("Not enough predicates supplied for filter [%s] at position %d", c.src[c.pos+1:end], c.pos)
}

// nameOrFunction reads a name after a dot, or a function with its arguments.
func (c *compiler) nameOrFunction() error {
	start := c.pos
	if ch := c.char(); ch == ' ' || ch == 0 {
		return invalidf("Could not parse token starting at position %d", start)
	}
	i := start
	for ; c.in(i); i++ {
		ch := c.src[i]
		if ch == ' ' {
			return invalidf("Use bracket notion ['my prop'] if your property contains blank characters. position: %d", start)
		}
		if ch == '.' || ch == '[' || ch == '(' {
			break
		}
	}
	name := c.src[start:i]
	if c.in(i) && c.src[i] == '(' {
		return c.function(name, i)
	}
	c.pos = i
	c.add(&step{kind: property, names: []string{name}, quote: '\''})
	return nil
}

func isWhitespace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
