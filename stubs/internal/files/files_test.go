package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stores are all implementations of [Store], empty; each must behave the same.
func stores(t *testing.T) map[string]Store {
	return map[string]Store{
		"directory":             Dir(filepath.Join(t.TempDir(), "made by the first write")),
		"memory":                &Memory{},
		"memory over something": &Memory{Base: fstest.MapFS{}},
	}
}

func TestStore(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			names, err := s.List()
			require.NoError(t, err)
			assert.Empty(t, names, "a store without a file is empty, and no error")
			_, err = s.Read("a.txt")
			require.ErrorIs(t, err, fs.ErrNotExist)
			require.ErrorIs(t, s.Remove("a.txt"), fs.ErrNotExist)

			require.NoError(t, s.Write("b/c/d.txt", []byte("first")))
			require.NoError(t, s.Write("b/c/d.txt", []byte("second")))
			require.NoError(t, s.Write("a.txt", nil))
			data, err := s.Read("b/c/d.txt")
			require.NoError(t, err)
			assert.Equal(t, "second", string(data))
			for _, other := range []string{"/b/c/d.txt", "b//c/./d.txt", `b\c\d.txt`, "b/x/../c/d.txt"} {
				data, err := s.Read(other)
				require.NoError(t, err, other)
				assert.Equal(t, "second", string(data), other)
			}
			data, err = s.Read("a.txt")
			require.NoError(t, err)
			assert.Empty(t, data, "an empty file is one")
			names, err = s.List()
			require.NoError(t, err)
			assert.Equal(t, []string{"a.txt", "b/c/d.txt"}, names)

			require.NoError(t, s.Remove("a.txt"))
			_, err = s.Read("a.txt")
			require.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

func TestNoNameLeadsOut(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			for _, out := range []string{"..", "../a", "/../a", "a/../../b", `..\a`, "a\x00b"} {
				_, err := s.Read(out)
				require.ErrorIs(t, err, ErrEscapes, "%q", out)
				require.ErrorIs(t, s.Write(out, nil), ErrEscapes, "%q", out)
				require.ErrorIs(t, s.Remove(out), ErrEscapes, "%q", out)
			}
			for _, none := range []string{"", ".", "/"} {
				require.ErrorIs(t, s.Write(none, nil), fs.ErrInvalid, "%q", none)
			}
		})
	}
}

func TestNoLinkLeadsOut(t *testing.T) {
	outside := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600))
	dir := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link")))
	_, err := Dir(dir).Read("link/secret")
	require.ErrorContains(t, err, "escapes")
	require.Error(t, Dir(dir).Write("link/new", nil))
	assert.NoFileExists(t, filepath.Join(outside, "new"))
}

func TestMemoryOverFiles(t *testing.T) {
	m := &Memory{Base: fstest.MapFS{"a": {Data: []byte("of the base")}, "b": {Data: []byte("b")}}}
	require.NoError(t, m.Write("a", []byte("changed")))
	require.NoError(t, m.Remove("b"))
	data, err := m.Read("a")
	require.NoError(t, err)
	assert.Equal(t, "changed", string(data))
	names, err := m.List()
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, names)
}

func TestMemoryIsBounded(t *testing.T) {
	m := &Memory{Limit: 2 * (fileOverhead + 100)}
	require.NoError(t, m.Write("a", make([]byte, 99)))
	require.NoError(t, m.Write("b", make([]byte, 99)))
	require.ErrorIs(t, m.Write("c", nil), ErrFull)
	require.NoError(t, m.Write("a", make([]byte, 9)), "what shrinks a file fits")
	require.NoError(t, m.Remove("a"))
	require.NoError(t, m.Write("c", nil))
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"Some Thing.JSON": "some-thing.json", "a/b\\c": "abc", "..-_": "..-_", "ü": "", "": "",
	} {
		assert.Equal(t, want, SafeName(name), name)
	}
}
