package footprint

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const smaps = `00400000-00401000 r--p 00000000 fe:00 42 /usr/bin/tool
Rss:                   4 kB
Anonymous:             0 kB
00401000-00409000 r-xp 00001000 fe:00 42 /usr/bin/tool with spaces
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00409000-0040a000 r--p 00009000 fe:00 42 /usr/lib/ld.so
Anonymous:             4 kB
0040a000-0040b000 rw-p 0000a000 fe:00 42 /usr/bin/tool
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0 [anon: Go: heap]
Anonymous:          1024 kB
7ffd0000-7ffd1000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
7ffe0000-7ffe1000 r--p 00000000 00:00 0
Anonymous:             0 kB
`

func TestOnlyCleanFilePagesAreGivenBack(t *testing.T) {
	got, err := cleanRegions(strings.NewReader(smaps))
	require.NoError(t, err)
	assert.Equal(t, []region{{0x400000, 0x401000}, {0x401000, 0x409000}}, got)
	_, err = cleanRegions(strings.NewReader("nonsense r-xp 0 0 0 /x\n"))
	assert.Error(t, err)
}

// The program goes on, tables, text and all.
func TestShrink(t *testing.T) {
	for range 3 {
		require.NoError(t, Shrink())
	}
	assert.PanicsWithError(t, "runtime error: index out of range [3] with length 0", func() {
		_ = []int{}[len("abc")] // needs the unwinder's tables
	})
}
