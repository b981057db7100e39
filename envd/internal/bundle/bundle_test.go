package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type entry struct {
	name, body, link string
	kind             byte
	mode             int64
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		require.NoError(t, w.WriteHeader(&tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Size: int64(len(e.body)), Mode: e.mode}))
		_, err := w.Write([]byte(e.body))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestUnpack(t *testing.T) {
	plain := archive(t,
		entry{name: "bin/", kind: tar.TypeDir, mode: 0o755}, entry{name: "bin/app", body: "x", mode: 0o4777},
		entry{name: "deep/er/file", body: "y", mode: 0o400}, entry{name: "current", kind: tar.TypeSymlink, link: "bin/app"},
	)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, b := range map[string][]byte{"gzip": zipped.Bytes(), "plain": plain} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, Unpack(bytes.NewReader(b), dir, DefaultLimits))
			got, err := os.ReadFile(filepath.Join(dir, "current"))
			require.NoError(t, err)
			assert.Equal(t, "x", string(got))
			info, err := os.Stat(filepath.Join(dir, "bin/app"))
			require.NoError(t, err)
			assert.Equal(t, fs.FileMode(0o755), info.Mode(), "neither setuid nor writable by others")
		})
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name    string
		archive []byte
		want    error
	}{
		{"nothing", nil, ErrRefused},
		{"no archive", []byte("hello, this is no archive at all"), ErrRefused},
		{"broken gzip", []byte{0x1f, 0x8b, 1, 2}, ErrRefused},
		{"no entries", archive(t), ErrRefused},
		{"cut off", archive(t, entry{name: "a", body: strings.Repeat("x", 2000)})[:1000], nil},
		{"climbs out", archive(t, entry{name: "../evil"}), ErrRefused},
		{"climbs out further in", archive(t, entry{name: "a/../../evil"}), ErrRefused},
		{"absolute", archive(t, entry{name: "/tmp/evil"}), ErrRefused},
		{"link out", archive(t, entry{name: "l", kind: tar.TypeSymlink, link: "../x"}), ErrRefused},
		{"absolute link", archive(t, entry{name: "l", kind: tar.TypeSymlink, link: "/etc"}), ErrRefused},
		{"through a link", archive(t, entry{name: "d/l", kind: tar.TypeSymlink, link: "../e"}, entry{name: "d/l/../../../x"}), ErrRefused},
		{"over a link", archive(t, entry{name: "f"}, entry{name: "l", kind: tar.TypeSymlink, link: "f"}, entry{name: "l", body: "x"}), ErrRefused},
		{"twice", archive(t, entry{name: "f"}, entry{name: "f"}), ErrRefused},
		{"hard link", archive(t, entry{name: "l", kind: tar.TypeLink, link: "f"}), ErrRefused},
		{"device", archive(t, entry{name: "d", kind: tar.TypeChar}), ErrRefused},
		{"too many", archive(t, entry{name: "a"}, entry{name: "b"}, entry{name: "c"}, entry{name: "d"}, entry{name: "e"}), ErrTooLarge},
		{"too large", archive(t, entry{name: "a", body: "12345678901"}), ErrTooLarge},
		{"too large together", archive(t, entry{name: "a", body: "123456"}, entry{name: "b", body: "123456"}), ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "in")
			require.NoError(t, os.Mkdir(dir, 0o755))
			err := Unpack(bytes.NewReader(tt.archive), dir, Limits{Bytes: 10, Files: 4})
			require.Error(t, err)
			if tt.want != nil {
				assert.ErrorIs(t, err, tt.want)
			}
			entries, err := os.ReadDir(parent)
			require.NoError(t, err)
			assert.Len(t, entries, 1, "nothing was written beside the directory")
		})
	}
}

// FuzzUnpack: whatever the bytes, nothing lands outside and the limits hold.
func FuzzUnpack(f *testing.F) {
	f.Add(archive(f, entry{name: "a/b", body: "x"}, entry{name: "l", kind: tar.TypeSymlink, link: "a"}, entry{name: "l/c", body: "y"}))
	f.Add(archive(f, entry{name: "../a"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "in")
		require.NoError(t, os.Mkdir(dir, 0o755))
		_ = Unpack(bytes.NewReader(b), dir, Limits{Bytes: 1000, Files: 10}) // what it does not write is what counts
		entries, err := os.ReadDir(parent)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	})
}
