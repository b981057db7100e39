package spec

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzParse wants every input to give either a spec or diagnostics that can be rendered, and the same ones twice.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		seeds, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, path := range seeds {
			text, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(text)
		}
	}
	opts := testOptions()
	opts.CheckMapping = nil // a mapping directory of "/" would be walked
	opts.Dir = f.TempDir()
	f.Fuzz(func(t *testing.T, src []byte) {
		s, found := Parse("fuzz.yaml", src, opts)
		if (s == nil) != found.Failed() {
			t.Fatalf("spec %v with diagnostics %v", s, found)
		}
		require.NoError(t, found.Render(io.Discard, true))
		for _, d := range found {
			if d.Line < 1 || d.Column < 1 || d.Width < 1 || d.Message == "" || d.Rule == "" || !utf8.ValidString(d.Source) {
				t.Fatalf("bad diagnostic %#v", d)
			}
		}
		again, foundAgain := Parse("fuzz.yaml", src, opts)
		require.Equal(t, s, again)
		require.Equal(t, found, foundAgain)
	})
}

// FuzzCondition wants every condition to parse or to fail inside its own text.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"p95 < 500ms in peak during slow", "recovers within 5s after slow", "stub a called >= 1 times", "no unmatched requests on a", "no", "",
		`metric a b{c="d\"}", e="f"} increased == 1e3 in peak during slow`, `metric a b{c`, `metric a b{"`} {
		f.Add(seed)
	}
	known := names{stages: []string{"peak"}, loads: []string{"peak"}, faults: map[string]string{"slow": "peak"}, stubs: []string{"a"}, scraped: []string{"a"}}
	f.Fuzz(func(t *testing.T, source string) {
		c, wrong := parseCondition(source, known)
		if (c.Kind == "") != (wrong != nil) {
			t.Fatalf("%#v with %#v", c, wrong)
		}
		if wrong != nil && (wrong.offset < 0 || wrong.offset > len(source) || wrong.message == "") {
			t.Fatalf("%#v", wrong)
		}
	})
}
