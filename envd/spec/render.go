package spec

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Render writes every diagnostic with its source line, a caret under the place, and help.
func (ds Diagnostics) Render(w io.Writer, color bool) error {
	p := palette{}
	if color {
		p = palette{place: "\x1b[1m", message: "\x1b[1;31m", dim: "\x1b[2m", caret: "\x1b[31m", help: "\x1b[36m", reset: "\x1b[0m"}
	}
	var b strings.Builder
	for i, d := range ds {
		if i > 0 {
			b.WriteByte('\n')
		}
		d.render(&b, p)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// palette holds the escape sequences of a rendering; empty ones render plain text.
type palette struct{ place, message, dim, caret, help, reset string }

func (d Diagnostic) render(b *strings.Builder, p palette) {
	fmt.Fprintf(b, "%s%s:%d:%d:%s %s%s%s %s[%s]%s\n",
		p.place, d.File, d.Line, d.Column, p.reset, p.message, d.Message, p.reset, p.dim, d.Rule, p.reset)
	d = d.excerpt()
	if strings.TrimSpace(d.Source) != "" {
		number := fmt.Sprint(d.Line)
		fmt.Fprintf(b, "  %s%s |%s %s\n", p.dim, number, p.reset, d.Source)
		fmt.Fprintf(b, "  %s%s |%s %s%s%s%s\n", p.dim, strings.Repeat(" ", len(number)), p.reset,
			d.indent(), p.caret, d.underline(), p.reset)
	}
	if d.Help != "" {
		fmt.Fprintf(b, "  %shelp:%s %s\n", p.help, p.reset, d.Help)
	}
}

// widest is how many characters of a line are quoted at most.
const widest = 200

// excerpt shortens a source line that is too long to the surroundings of the place.
func (d Diagnostic) excerpt() Diagnostic {
	line := []rune(d.Source)
	if len(line) <= widest {
		return d
	}
	start := max(0, min(d.Column-1-widest/2, len(line)-widest))
	end := start + widest
	d.Source = string(line[start:end])
	d.Column -= start
	if start > 0 {
		d.Source, d.Column = "…"+d.Source, d.Column+1
	}
	if end < len(line) {
		d.Source += "…"
	}
	return d
}

// indent returns the white space up to the column. Tabs stay tabs, so that the caret is under its place.
func (d Diagnostic) indent() string {
	var b strings.Builder
	column := 1
	for _, r := range d.Source {
		if column == d.Column {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
		column++
	}
	return b.String()
}

// underline returns a caret, and tildes for the rest of the place, within its line.
func (d Diagnostic) underline() string {
	left := utf8.RuneCountInString(d.Source) - d.Column + 1
	return "^" + strings.Repeat("~", max(0, min(d.Width, left)-1))
}
