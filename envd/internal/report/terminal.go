package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/envd-dev/envd/envd"
)

// ANSI styles (ECMA-48, select graphic rendition).
const (
	reset   = "\x1b[0m"
	bold    = "\x1b[1m"
	dim     = "\x1b[2m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	magenta = "\x1b[35m"
)

var styles = map[envd.Outcome]string{envd.Pass: green, envd.Fail: red, envd.Inconclusive: yellow, envd.Errored: magenta}

var marks = map[envd.Outcome]string{envd.Pass: "✓", envd.Fail: "✗", envd.Inconclusive: "?", envd.Errored: "!"}

// terminal collects lines. Text from outside loses its control characters, so that no log line can control the terminal.
type terminal struct {
	out   strings.Builder
	color bool
	width int
}

func (t *terminal) paint(style, s string) string {
	if s = printable(s); !t.color || style == "" || s == "" {
		return s
	}
	return style + s + reset
}

func (t *terminal) line(format string, args ...any) {
	t.out.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (t *terminal) heading(s string) {
	t.line("")
	t.line("%s", t.paint(bold, s))
}

// wrap writes s with a first prefix and hanging indent, broken at spaces.
func (t *terminal) wrap(prefix, s string) {
	for i, part := range breakLines(printable(s), t.width-utf8.RuneCountInString(prefix)) {
		if i > 0 {
			prefix = strings.Repeat(" ", utf8.RuneCountInString(prefix))
		}
		t.line("%s%s", prefix, part)
	}
}

// tail writes the last lines of an output, indented.
func (t *terminal) tail(title, output string) {
	const most = 20
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	t.line("%s", t.paint(dim, title+":"))
	for _, l := range lines[max(0, len(lines)-most):] {
		t.line("  │ %s", CleanLine(l))
	}
	t.line("")
}

// cell is one field of a table.
type cell struct {
	text  string
	style string
	right bool
}

func plain(s string) cell { return cell{text: s} }

func plainOnce(i int, s string) cell {
	if i > 0 {
		return cell{}
	}
	return plain(s)
}

func (t *terminal) mark(o envd.Outcome) cell { return cell{text: marks[o], style: styles[o]} }

func (t *terminal) markOnce(i int, o envd.Outcome) cell {
	if i > 0 {
		return cell{}
	}
	return t.mark(o)
}

// table aligns columns; the last one wraps within the rest of the width.
func (t *terminal) table(rows [][]cell) {
	widths := columnWidths(rows)
	for _, row := range rows {
		indent := "  "
		var line strings.Builder
		line.WriteString(indent)
		used := len(indent)
		for i, c := range row[:len(row)-1] {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(printable(c.text)))
			text := t.paint(c.style, c.text)
			if c.right {
				text = pad + text
			} else {
				text += pad
			}
			line.WriteString(text + "  ")
			used += widths[i] + 2
		}
		last := row[len(row)-1]
		for i, part := range breakLines(printable(last.text), max(t.width-used, 20)) {
			if i > 0 {
				line.Reset()
				line.WriteString(strings.Repeat(" ", used))
			}
			t.line("%s%s", line.String(), t.paint(last.style, part))
		}
	}
}

// narrow drops columns from the right, down to least, until the rows fit.
func (t *terminal) narrow(rows [][]cell, least int) [][]cell {
	for {
		widest, short := 0, make([][]cell, 0, len(rows))
		widths := columnWidths(rows)
		for _, row := range rows {
			n := 2
			for i := range row[:len(row)-1] {
				n += widths[i] + 2
			}
			widest = max(widest, n+utf8.RuneCountInString(printable(row[len(row)-1].text)))
			short = append(short, row[:max(min(least, len(row)), len(row)-1)])
		}
		if widest <= t.width || len(rows[0]) <= least {
			return rows
		}
		rows = short
	}
}

// columnWidths leaves out the last column of each row, because nothing is aligned after it.
func columnWidths(rows [][]cell) []int {
	var widths []int
	for _, row := range rows {
		for i, c := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(printable(c.text)))
		}
	}
	return widths
}

// breakLines breaks at spaces so that no line is wider than width, except for a longer word. It returns at least one.
func breakLines(s string, width int) []string {
	var lines []string
	line, n := "", 0
	for _, word := range strings.Fields(s) {
		w := utf8.RuneCountInString(word)
		if n > 0 && n+1+w > width {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+word, n+w
	}
	return append(lines, line)
}

// printable replaces control characters and invalid bytes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '�'
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}

// CleanLine keeps a line's text and drops ANSI sequences and other control characters.
func CleanLine(s string) string {
	var sb strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '[' {
			for i += 2; i < len(s) && (s[i] < 0x40 || s[i] > 0x7e); i++ {
			}
			continue
		}
		sb.WriteByte(s[i])
	}
	return printable(sb.String())
}
