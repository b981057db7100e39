// Package files stores the mapping files and response bodies of a stub server. Names are slash-separated and relative;
// none can leave the store's root.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Store holds files by name. Implementations are safe for concurrent use.
type Store interface {
	// Read returns a file's content; a missing file's error wraps fs.ErrNotExist, a name that leads out ErrEscapes.
	Read(name string) ([]byte, error)
	// List names all files, sorted.
	List() ([]string, error)
	// Write creates or replaces a file and the folders above it.
	Write(name string, data []byte) error
	// Remove deletes a file; a missing one is an error that wraps fs.ErrNotExist.
	Remove(name string) error
}

// ErrEscapes is the error of a name that leads out of the store.
var ErrEscapes = errors.New("path leads out of the files directory")

// ErrFull is the error of writing more than a store in memory may hold.
var ErrFull = errors.New("the file store is full")

// clean makes a request's or mapping's file name into one that fs accepts.
func clean(op, name string) (string, error) {
	n := path.Clean(strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/"))
	if n == ".." || strings.HasPrefix(n, "../") || strings.ContainsRune(n, 0) {
		return "", &fs.PathError{Op: op, Path: name, Err: ErrEscapes}
	}
	if n == "." || !fs.ValidPath(n) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return n, nil
}

// list walks a file system; a root that does not exist is empty.
func list(fsys fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == "." && errors.Is(err, fs.ErrNotExist) {
				return fs.SkipAll
			}
			return err
		}
		if !d.IsDir() {
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return names, nil
}

// SafeName is what WireMock keeps of a name that it makes up for a file: letters, digits, _ - and . in lower case, spaces as
// hyphens.
func SafeName(s string) string {
	return strings.ToLower(strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
			return c
		}
		return -1
	}, s))
}
