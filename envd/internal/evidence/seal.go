package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// ErrUnsealed is returned for a run directory without a list of its files: the run is still going on, was killed, or could
// not be recorded completely. run.json says which.
var ErrUnsealed = errors.New("the run directory is not sealed")

// Altered says how a run directory differs from what was sealed. All names are relative, and sorted.
type Altered struct {
	Changed, Missing, Added []string
}

func (a *Altered) Error() string {
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"changed", a.Changed}, {"missing", a.Missing}, {"added", a.Added}} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+": "+strings.Join(p.names, ", "))
		}
	}
	return "the run directory is not as it was sealed: " + strings.Join(parts, "; ")
}

// Seal lists every file of the directory with its SHA-256 in SumsFile, in the form of sha256sum(1), and returns the
// list's own digest in hex, which stands for all of them. Nothing may be written after it. Hidden files at the top and
// RunnerLog are left out.
func (d *Dir) Seal() (digest string, err error) {
	sums, err := d.sums()
	if err != nil {
		return "", fmt.Errorf("seal the run directory: %w", err)
	}
	var b bytes.Buffer
	for _, s := range sums {
		if s.hash != "" {
			fmt.Fprintf(&b, "%s  %s\n", s.hash, s.name)
		}
	}
	if err := d.WriteFile(SumsFile, b.Bytes()); err != nil {
		return "", fmt.Errorf("seal the run directory: %w", err)
	}
	return Digest(&b)
}

// Check compares the directory with its seal and returns the digest of the list, as Seal did. The error is ErrUnsealed or
// an *Altered, or tells why something could not be read.
func (d *Dir) Check() (digest string, err error) {
	list, err := os.ReadFile(d.Path(SumsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrUnsealed
	}
	if err != nil {
		return "", err
	}
	want := map[string]string{}
	for line := range strings.Lines(string(list)) {
		if hash, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  "); ok {
			want[name] = hash
		}
	}
	sums, err := d.sums()
	if err != nil {
		return "", err
	}
	var found Altered
	for _, s := range sums {
		hash, listed := want[s.name]
		switch {
		case !listed:
			found.Added = append(found.Added, s.name)
		case hash != s.hash:
			found.Changed = append(found.Changed, s.name)
		}
		delete(want, s.name)
	}
	for name := range want {
		found.Missing = append(found.Missing, name)
	}
	slices.Sort(found.Missing)
	if len(found.Changed)+len(found.Missing)+len(found.Added) > 0 {
		return "", &found
	}
	return Digest(bytes.NewReader(list))
}

// named is a file with its SHA-256, which is empty unless it is a regular file.
type named struct{ name, hash string }

// sums reads every file of the directory, in the order of their names.
func (d *Dir) sums() ([]named, error) {
	root := os.DirFS(d.path)
	var all []named
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && name[0] == '.', name == SumsFile, name == RunnerLog:
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			return nil
		case !e.Type().IsRegular(): // the target of a link could change without the directory
			all = append(all, named{name: name})
			return nil
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		defer f.Close() // only read from
		hash, err := Digest(f)
		all = append(all, named{name, hash})
		return err
	})
	return all, err
}

// Digest returns the SHA-256 of what r holds, in hex. That of SumsFile identifies the evidence.
func Digest(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}
