package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/report"
)

// logBytes is how much of each log's end the report shows.
const logBytes = 16 << 10

// writeReports renders the verdict into the run directory.
func (s *session) writeReports(verdict envd.Verdict, observations []envd.Observation) error {
	run, err := describeRun(s.Dir, s.Version, verdict, observations)
	if err != nil {
		return err
	}
	var errs []error
	for name, render := range map[string]func(io.Writer, *report.Run) error{
		evidence.TextFile:  func(w io.Writer, r *report.Run) error { return report.Text(w, r, report.TextOptions{}) },
		evidence.JSONFile:  report.JSON,
		evidence.JUnitFile: report.JUnit,
		evidence.HTMLFile:  report.HTML,
	} {
		var b bytes.Buffer
		if err := render(&b, run); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		errs = append(errs, s.Dir.WriteFile(name, b.Bytes()))
	}
	return errors.Join(errs...)
}

// Describe reads what a finished run's report shows from its directory.
func Describe(dir *evidence.Dir, version string) (*report.Run, error) {
	verdict, err := dir.Verdict()
	if err != nil {
		return nil, err
	}
	observations, err := dir.Observations()
	if err != nil {
		return nil, err
	}
	return describeRun(dir, version, verdict, observations)
}

func describeRun(dir *evidence.Dir, version string, verdict envd.Verdict, observations []envd.Observation) (*report.Run, error) {
	spec, err := dir.Spec()
	if err != nil {
		return nil, err
	}
	meta, err := dir.Meta()
	if err != nil {
		return nil, err
	}
	run := &report.Run{
		ID: meta.ID, Version: version, Dir: dir.Path(), Spec: spec, Verdict: verdict, Observations: observations,
		Started: meta.Started, Ended: meta.Started, Capabilities: meta.Capabilities,
	}
	if n := len(observations); n > 0 {
		run.Ended = observations[n-1].Time
	}
	logs, err := filepath.Glob(dir.Path(evidence.LogsDir, "*.log"))
	if err != nil {
		return nil, err
	}
	for _, path := range logs {
		lines, err := tailFile(path)
		if err != nil {
			return nil, err
		}
		run.Logs = append(run.Logs, report.Log{Service: strings.TrimSuffix(filepath.Base(path), ".log"), Lines: lines})
	}
	return run, nil
}

// tailFile returns the last lines of a file.
func tailFile(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	from := max(0, size-logBytes)
	b, err := io.ReadAll(io.NewSectionReader(f, from, size-from))
	if err != nil || len(b) == 0 {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	if from > 0 {
		lines = lines[1:] // the first is cut off
	}
	return lines, nil
}
