package xmlmatch

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexer cuts an expression into tokens.
type lexer struct {
	src  string
	pos  int
	kind tokenKind
	text string
	prev tokenKind
}

type tokenKind uint8

const (
	tokenStart tokenKind = iota
	tokenEnd
	tokenName     // a name, perhaps with prefix or as p:*
	tokenStar     // * as a name test
	tokenOperator // and or div mod * / // | + - = != < <= > >=
	tokenSymbol   // ( ) [ ] . .. @ , :: $
	tokenLiteral
	tokenNumber
)

// next reads a token. Names and * are operators where an operand came before, as the recommendation's section 3.7 has it.
func (l *lexer) next() error {
	l.prev = l.kind
	prevText := l.text
	for l.pos < len(l.src) && isSpace(l.src[l.pos]) {
		l.pos++
	}
	if l.pos >= len(l.src) {
		l.kind, l.text = tokenEnd, ""
		return nil
	}
	operand := l.prev == tokenName || l.prev == tokenStar || l.prev == tokenLiteral || l.prev == tokenNumber ||
		l.prev == tokenSymbol && (prevText == ")" || prevText == "]" || prevText == "." || prevText == "..")
	rest := l.src[l.pos:]
	for _, symbol := range []string{"::", "..", "//", "!=", "<=", ">=", "(", ")", "[", "]", "@", ",", "$", "/", "|", "+", "-", "=", "<", ">"} {
		if strings.HasPrefix(rest, symbol) {
			l.kind = tokenSymbol
			if strings.ContainsAny(symbol, "/|+-=<>") {
				l.kind = tokenOperator
			}
			return l.take(len(symbol))
		}
	}
	switch c := rest[0]; {
	case c == '*' && operand:
		l.kind = tokenOperator
		return l.take(1)
	case c == '*':
		l.kind = tokenStar
		return l.take(1)
	case c == '"' || c == '\'':
		end := strings.IndexByte(rest[1:], c)
		if end < 0 {
			return errors.New("misquoted literal")
		}
		l.kind, l.text = tokenLiteral, rest[1:1+end]
		l.pos += end + 2
		return nil
	case c >= '0' && c <= '9' || c == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		return l.number(rest)
	case c == '.':
		l.kind = tokenSymbol
		return l.take(1)
	}
	n := nameLength(rest)
	if n == 0 {
		return fmt.Errorf("unexpected character at %d", l.pos)
	}
	if word := rest[:n]; operand && (word == "and" || word == "or" || word == "div" || word == "mod") {
		l.kind = tokenOperator
		return l.take(n)
	}
	if after := rest[n:]; strings.HasPrefix(after, ":") && !strings.HasPrefix(after, "::") {
		if strings.HasPrefix(after, ":*") {
			n += 2
		} else if m := nameLength(after[1:]); m > 0 {
			n += 1 + m
		}
	}
	l.kind = tokenName
	return l.take(n)
}

func (l *lexer) take(n int) error {
	l.text = l.src[l.pos : l.pos+n]
	l.pos += n
	return nil
}

func (l *lexer) number(rest string) error {
	n := 0
	for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.' && !strings.Contains(rest[:n], ".")) {
		n++
	}
	l.kind = tokenNumber
	return l.take(n)
}

// nameLength is the length of the name without colons at the start of s.
func nameLength(s string) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r != '_' && !unicode.IsLetter(r) && (n == 0 || r != '-' && r != '.' && !unicode.IsDigit(r)) {
			break
		}
		n += size
	}
	return n
}
