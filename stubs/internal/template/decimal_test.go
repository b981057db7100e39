package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The patterns of java.text.DecimalFormat; what it refuses is refused in its words.
func TestDecimalPatterns(t *testing.T) {
	for pattern, want := range map[string][2]string{
		"#,##0.00;(#)": {"1.00", "(1.00)"},
		"0;":           {"1", "-1"},
		"0'x;y'":       {"1x;y", "-1x;y"},
	} {
		f, err := parseDecimalFormat(pattern, plainSymbols)
		require.NoError(t, err, pattern)
		for i, n := range []float64{1, -1} {
			got, err := f.format(n)
			require.NoError(t, err, pattern)
			assert.Equal(t, want[i], got, pattern)
		}
	}
	for pattern, want := range map[string]string{
		"bad;;;": `Unquoted special character ';' in pattern "bad;;;"`,
		"0;0;0":  `Unquoted special character ';' in pattern "0;0;0"`,
		";0":     `Unquoted special character ';' in pattern ";0"`,
		"0.0.0":  `Multiple decimal separators in pattern "0.0.0"`,
	} {
		_, err := parseDecimalFormat(pattern, plainSymbols)
		assert.ErrorContains(t, err, want, pattern)
	}
}
