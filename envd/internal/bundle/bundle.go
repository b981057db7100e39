// Package bundle unpacks the archive of a spec's directory that a client sent. Nothing is written outside of the target
// directory, whatever the archive says, and its size is bounded.
package bundle

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Limits bound what an archive may unpack to.
type Limits struct {
	Bytes int64 // of all files together
	Files int   // entries of every kind
}

// DefaultLimits are generous for a spec with its binaries, and small for a disk.
var DefaultLimits = Limits{Bytes: 1 << 30, Files: 50_000}

// ErrTooLarge says that an archive exceeds its limits.
var ErrTooLarge = errors.New("the archive is too large")

// ErrRefused says that an entry of an archive is not acceptable.
var ErrRefused = errors.New("the archive is refused")

// Unpack writes the files of a tar archive, plain or gzip, below dir, which exists. Folders, regular files, and
// symbolic links that stay inside are accepted. Permissions are kept but for setuid, setgid and writing by others.
func Unpack(r io.Reader, dir string, limits Limits) error {
	plain, err := decompress(r)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() // only names what was written and closed
	u := &unpacker{root: root, left: limits.Bytes}
	archive := tar.NewReader(plain)
	for n := 0; ; n++ {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return fmt.Errorf("%w: it is empty", ErrRefused)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", ErrRefused, err)
		case n == limits.Files:
			return fmt.Errorf("%w: more than %d files", ErrTooLarge, limits.Files)
		}
		if err := u.entry(header, archive); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

// decompress tells gzip from plain tar by its magic number (RFC 1952, section 2.3.1).
func decompress(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return buffered, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return unzipped, nil
}

type unpacker struct {
	root *os.Root
	left int64
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	name := filepath.FromSlash(path.Clean(h.Name))
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%w: the name leads out of the directory", ErrRefused)
	}
	if name == "." {
		return nil
	}
	if err := u.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.root.MkdirAll(name, 0o755)
	case tar.TypeReg:
		return u.file(name, fs.FileMode(h.Mode).Perm()&^0o022, content)
	case tar.TypeSymlink:
		target := filepath.FromSlash(h.Linkname)
		if filepath.IsAbs(target) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), target)) {
			return fmt.Errorf("%w: the link leads out of the directory, to %s", ErrRefused, h.Linkname)
		}
		return u.root.Symlink(target, name)
	case tar.TypeXGlobalHeader:
		return nil
	}
	return fmt.Errorf("%w: entries of type %q are not accepted", ErrRefused, h.Typeflag)
}

func (u *unpacker) file(name string, mode fs.FileMode, content io.Reader) error {
	f, err := u.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	n, err := io.Copy(f, io.LimitReader(content, u.left+1))
	u.left -= n
	if u.left < 0 {
		err = errors.Join(err, ErrTooLarge)
	}
	return errors.Join(err, f.Close())
}
