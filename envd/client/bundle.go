package client

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// Spec names a spec file.
type Spec struct {
	Path    string // absolute, on the daemon's host; with Upload on this one
	Runtime string // instead of the spec's own
	// Upload sends the spec's whole directory, for a daemon that does not see it. .git is left out.
	Upload bool
}

// upload sends the directory of a spec as it is packed: nothing is kept in memory or on disk.
func upload[T any](ctx context.Context, c *Client, path string, s Spec, query url.Values) (T, error) {
	dir, name := filepath.Split(s.Path)
	if query == nil {
		query = url.Values{}
	}
	query.Set("spec", name)
	if s.Runtime != "" {
		query.Set("runtime", s.Runtime)
	}
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := pack(w, dir)
		w.CloseWithError(err)
		packed <- err
	}()
	v, err := call[T](ctx, c, request{method: http.MethodPost, path: path, query: query, body: r, contentType: "application/gzip"})
	r.CloseWithError(context.Canceled) // ends the packing where the daemon refused early
	if perr := <-packed; err != nil && perr != nil && !errors.Is(perr, context.Canceled) {
		err = errors.Join(err, perr)
	}
	return v, err
}

// pack writes the directory as a compressed tar archive: folders, regular files and symbolic links.
func pack(w io.Writer, dir string) error {
	zipped := gzip.NewWriter(w)
	archive := tar.NewWriter(zipped)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		return packOne(archive, path, filepath.ToSlash(name), d)
	})
	return errors.Join(err, archive.Close(), zipped.Close())
}

func packOne(archive *tar.Writer, path, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	link := ""
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		if link, err = os.Readlink(path); err != nil {
			return err
		}
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil // sockets, devices and pipes mean nothing elsewhere
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	header.Name, header.Uname, header.Gname = name, "", ""
	if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(archive, f)
	return errors.Join(err, f.Close())
}
