package template

import (
	"strings"
	"unicode/utf8"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

type tokenType uint8

const (
	tokEOF tokenType = iota
	tokEscaped
	tokText
	tokComment
	tokStartAmp
	tokEndRawBlock
	tokStartRaw
	tokStartTriple
	tokUnless
	tokStartPartialBlock
	tokStartBlock
	tokStartDelim
	tokStartPartial
	tokEndBlock
	tokStart
	tokEndRaw
	tokEndTriple
	tokEnd
	tokDecorator
	tokAs
	tokPipe
	tokDouble
	tokSingle
	tokEq
	tokNumber
	tokBool
	tokElse
	tokID
	tokPath
	tokLParen
	tokRParen
)

type token struct {
	typ       tokenType
	text      string
	line, col int // col counts UTF-16 units from 0, as ANTLR does
}

// lexer splits a template as the ANTLR lexer of Handlebars.java does: tags outside, longest match inside a tag.
type lexer struct {
	src        string
	pos        int
	line, col  int
	start, end string // the delimiters; {{=<% %>=}} changes them
	tokens     []token
	tilde      bool // some tag asks for whitespace control
}

// The tags in the order in which the lexer tries them.
var startTags = []struct {
	suffix string
	typ    tokenType
}{
	{"&", tokStartAmp}, {"{{/", tokEndRawBlock}, {"{{", tokStartRaw}, {"{", tokStartTriple}, {"^", tokUnless},
	{"#>", tokStartPartialBlock}, {"#", tokStartBlock}, {"=", tokStartDelim}, {">", tokStartPartial}, {"/", tokEndBlock},
}

func lex(src string) (*lexer, *syntaxError) {
	lx := &lexer{src: src, line: 1, start: "{{", end: "}}"}
	for lx.pos < len(src) {
		if err := lx.outside(); err != nil {
			return nil, err
		}
	}
	lx.tokens = append(lx.tokens, token{tokEOF, "<EOF>", lx.line, lx.col})
	return lx, nil
}

func (lx *lexer) rest() string { return lx.src[lx.pos:] }

// emit adds the next n bytes as a token and moves on.
func (lx *lexer) emit(typ tokenType, n int) {
	text := lx.src[lx.pos : lx.pos+n]
	lx.tokens = append(lx.tokens, token{typ, text, lx.line, lx.col})
	lx.pos += n
	if typ == tokComment { // the original forgets to count lines here
		lx.col += jsondoc.UTF16Len(text)
		return
	}
	lx.advance(text)
}

// emitEscaped adds an escaped tag of n bytes together with the text behind it, as the original does (so a ~ of the next
// tag does not trim that text); its column counts the tag as one character.
func (lx *lexer) emitEscaped(n int) {
	line, col := lx.line, lx.col
	tag := lx.rest()[:n]
	lx.pos += n
	behind := lx.rest()[:lx.textLength()]
	lx.pos += len(behind)
	lx.tokens = append(lx.tokens, token{tokEscaped, tag + behind, line, col})
	lx.col++
	lx.advance(behind)
}

func (lx *lexer) advance(text string) {
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		lx.line += strings.Count(text, "\n")
		lx.col = jsondoc.UTF16Len(text[i+1:])
		return
	}
	lx.col += jsondoc.UTF16Len(text)
}

// outside reads one token of the text between tags, or a whole tag.
func (lx *lexer) outside() *syntaxError {
	if n := lx.escapedTag(); n > 0 {
		lx.emitEscaped(n)
		return nil
	}
	if n := lx.textLength(); n > 0 {
		lx.emit(tokText, n)
		return nil
	}
	if n := lx.comment(); n > 0 {
		lx.emit(tokComment, n)
		return nil
	}
	for _, tag := range startTags {
		if n := lx.startTag(tag.suffix); n > 0 {
			lx.emit(tag.typ, n)
			if tag.typ == tokStartDelim {
				return lx.setDelimiters()
			}
			return lx.inside()
		}
	}
	if n := lx.startTag(""); n > 0 {
		lx.emit(tokStart, n)
		return lx.inside()
	}
	_, n := utf8.DecodeRuneInString(lx.rest())
	return &syntaxError{lx.line, lx.col, "found: '" + lx.rest()[:n] + "'"}
}

// escapedTag is the length of \{{…}}, which stands for the tag's own text.
func (lx *lexer) escapedTag() int {
	rest := lx.rest()
	if !strings.HasPrefix(rest, `\`+lx.start) {
		return 0
	}
	for i := len(lx.start); i < len(rest); i++ {
		if strings.HasPrefix(rest[i:], lx.end) {
			return i + len(lx.end)
		}
		if strings.HasPrefix(rest[i:], lx.start) && i > 1 {
			return 0
		}
	}
	return 0
}

func (lx *lexer) textLength() int {
	rest := lx.rest()
	i := strings.Index(rest, lx.start)
	if i < 0 {
		return len(rest)
	}
	if i > 0 && rest[i-1] == '\\' {
		i--
	}
	return i
}

func (lx *lexer) comment() int {
	rest := lx.rest()
	closing := lx.end
	switch {
	case strings.HasPrefix(rest, lx.start+"!--"):
		closing = "--" + lx.end
	case strings.HasPrefix(rest, lx.start+"!"):
	default:
		return 0
	}
	i := strings.Index(rest, closing)
	if i < 0 {
		return len(rest)
	}
	return i + len(closing)
}

// startTag is the length of "{{" + suffix, or of "{{~" + suffix, if that comes next.
func (lx *lexer) startTag(suffix string) int {
	rest := lx.rest()
	after, ok := strings.CutPrefix(rest, lx.start)
	if !ok {
		return 0
	}
	if suffix != "" && strings.HasPrefix(after, suffix) {
		return len(lx.start) + len(suffix)
	}
	if strings.HasPrefix(after, "~"+suffix) {
		lx.tilde = true
		return len(lx.start) + 1 + len(suffix)
	}
	if suffix == "" {
		return len(lx.start)
	}
	return 0
}

// endTag is the length of prefix + "}}", or of prefix + "~}}", if that comes next.
func (lx *lexer) endTag(prefix string) int {
	rest := lx.rest()
	if strings.HasPrefix(rest, prefix+lx.end) {
		return len(prefix) + len(lx.end)
	}
	if strings.HasPrefix(rest, prefix+"~"+lx.end) {
		lx.tilde = true
		return len(prefix) + 1 + len(lx.end)
	}
	return 0
}

// setDelimiters reads the inside of {{=<% %>=}}.
func (lx *lexer) setDelimiters() *syntaxError {
	i := strings.Index(lx.rest(), "="+lx.end)
	if i < 0 {
		return &syntaxError{lx.line, lx.col, "found: '<EOF>', expected: '=" + lx.end + "'"}
	}
	delims := strings.Fields(lx.rest()[:i])
	if len(delims) != 2 {
		return &syntaxError{lx.line, lx.col, "found: '" + lx.rest()[:i] + "', expected: 'space'"}
	}
	text := lx.rest()[:i+1+len(lx.end)]
	lx.pos += len(text)
	lx.advance(text)
	lx.start, lx.end = delims[0], delims[1]
	return nil
}

// inside reads the tokens of a tag up to and including its end.
func (lx *lexer) inside() *syntaxError {
	for lx.pos < len(lx.src) {
		if n := lx.endTag("}}"); n > 0 {
			lx.emit(tokEndRaw, n)
			return nil
		}
		if n := lx.endTag("}"); n > 0 {
			lx.emit(tokEndTriple, n)
			return nil
		}
		if n := lx.endTag(""); n > 0 {
			lx.emit(tokEnd, n)
			return nil
		}
		switch c := lx.src[lx.pos]; c {
		case ' ', '\t', '\r', '\n':
			lx.pos++
			lx.advance(string(c))
			continue
		}
		typ, n := longest(lx.rest())
		if n == 0 {
			_, n = utf8.DecodeRuneInString(lx.rest())
			return &syntaxError{lx.line, lx.col, "found: '" + lx.rest()[:n] + "'"}
		}
		lx.emit(typ, n)
	}
	return nil
}
