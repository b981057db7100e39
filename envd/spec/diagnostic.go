package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Diagnostic is one mistake: where it is, what is wrong, which rule says so, and what would be right.
type Diagnostic struct {
	File    string `json:"file"`
	Line    int    `json:"line"`           // from 1
	Column  int    `json:"column"`         // from 1, in characters
	Width   int    `json:"width"`          // characters to underline, at least 1
	Message string `json:"message"`        // one sentence without a full stop
	Rule    string `json:"rule"`           // stable name, for example unknown-key
	Help    string `json:"help,omitempty"` // what would be right
	Source  string `json:"source"`         // the line of text
}

// String is the diagnostic in one line: file:line:column: message [rule].
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s:%d:%d: %s [%s]", d.File, d.Line, d.Column, d.Message, d.Rule)
}

// Diagnostics are all mistakes of one spec, in the order of the file. As an error they are one per line.
type Diagnostics []Diagnostic

func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Failed reports whether there is any mistake; such a spec is never run.
func (ds Diagnostics) Failed() bool { return len(ds) > 0 }

// Err returns ds as an error, and nil if it is empty (which ds itself, stored in an error, would not be).
func (ds Diagnostics) Err() error {
	if len(ds) == 0 {
		return nil
	}
	return ds
}

// sorted orders by place and drops duplicates: an alias repeats the mistakes of its anchor.
func (ds Diagnostics) sorted() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Help, b.Help),
		)
	})
	return slices.CompactFunc(ds, func(a, b Diagnostic) bool {
		a.Message, b.Message = "", "" // messages differ by the path that led to the place
		return a == b
	})
}
