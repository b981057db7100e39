package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
)

// Retention is how long run directories are kept by default.
const Retention = 30 * 24 * time.Hour

// Prune removes the run directories directly below root whose runs ended before then, and returns them; with dryRun it
// only returns them. For a run with its directory elsewhere only the link is removed, the evidence is the user's. Runs that
// are alive stay, however old they are.
func Prune(root string, then time.Time, dryRun bool) (removed []envd.Leftover, err error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	unlock, err := lock(root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		detail, old := outlived(path, then)
		if !old || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if !dryRun {
			if rerr := os.RemoveAll(path); rerr != nil { // of a link: the link alone
				err = errors.Join(err, rerr)
				continue
			}
		}
		removed = append(removed, envd.Leftover{Kind: "run", ID: e.Name(), Detail: detail})
	}
	return removed, err
}

// outlived reports whether the run directory or link at path is of a run that ended before then, and when that was.
func outlived(path string, then time.Time) (detail string, old bool) {
	if dangling(path) {
		return "its directory is gone", true
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return "", false
	}
	end, what := info.ModTime(), "begun" // and killed before it had a run.json
	if d, err := evidence.Open(path); err == nil {
		m, err := d.Meta()
		if err != nil || Alive(m) {
			return "", false
		}
		if end, what = m.Ended, "ended"; end.IsZero() { // lost: its last sign of life
			meta, err := os.Stat(d.Path(evidence.MetaFile))
			if err != nil {
				return "", false
			}
			end, what = meta.ModTime(), "lost"
		}
	}
	return fmt.Sprintf("%s %s", what, end.Local().Format(time.DateTime)), end.Before(then)
}
