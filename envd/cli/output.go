package cli

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// print shows v as JSON where -o json asks for it, and calls text otherwise.
func (a *app) print(c *cobra.Command, v any, text func()) error {
	if a.output != "json" {
		text()
		return nil
	}
	enc := json.NewEncoder(c.OutOrStdout())
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// terminal reports whether f is one that understands more than text.
func terminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" }

// colored reports whether colours may go to f: on a terminal only, and never against NO_COLOR (no-color.org).
func colored(f *os.File) bool { return terminal(f) && os.Getenv("NO_COLOR") == "" }

// width is the terminal's width in columns; 100 where there is no terminal.
func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
		return w
	}
	return 100
}
