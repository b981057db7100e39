package evidence

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/envd-dev/envd/envd"
)

// Log appends JSON documents to a file, one per line, each with a single write, so that readers and crashes see whole lines.
// The first failure (a full disk) is kept and returned by Close; what was written before stays readable.
type Log struct {
	mu   sync.Mutex
	file *os.File
	err  error
}

// OpenLog opens one of the directory's append-only files.
func (d *Dir) OpenLog(name string) (*Log, error) {
	f, err := os.OpenFile(d.Path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &Log{file: f}, nil
}

// Append writes v as one line.
func (l *Log) Append(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		_, l.err = l.file.Write(append(b, '\n'))
	}
	return l.err
}

// Close returns the first failure of the log's life.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.err, l.file.Close())
}

// Observations reads all observations. A last line that was cut off by a crash is dropped; any other line that does not
// parse is an error.
func (d *Dir) Observations() ([]envd.Observation, error) {
	f, err := os.Open(d.Path(ObservationsFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []envd.Observation
	r := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		var o envd.Observation
		if err := json.Unmarshal(line, &o); err != nil {
			return all, fmt.Errorf("%s:%d: %w", ObservationsFile, n, err)
		}
		all = append(all, o)
	}
}
