// Package logfile keeps the output of a service, as lines of the form "RFC3339Nano stdout|stderr text". A log is written
// once and read by any number of followers, none of which polls.
package logfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// maxLine is where an endless line is broken, so that it cannot fill the memory.
const maxLine = 64 << 10

// Log is a file that is being written. Its methods may be called from many goroutines.
type Log struct {
	path    string
	redact  func([]byte) []byte
	mu      sync.Mutex
	file    *os.File
	streams []*stream
	written chan struct{} // closed and replaced when there is more to read, closed for good by Close
	closed  bool
	failed  error // the first write that failed; the service goes on
}

// Create starts a log at path, replacing an earlier one. redact, where given, masks secrets in each line.
func Create(path string, redact func([]byte) []byte) (*Log, error) {
	return open(path, os.O_TRUNC, redact)
}

// Append continues the log at path.
func Append(path string, redact func([]byte) []byte) (*Log, error) {
	return open(path, 0, redact)
}

func open(path string, flag int, redact func([]byte) []byte) (*Log, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|flag, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return &Log{path: path, redact: redact, file: f, written: make(chan struct{})}, nil
}

// Stream returns the writer of one stream, stdout or stderr. Writes never fail, so that a full disk stops no service; Close
// returns the error.
func (l *Log) Stream(name string) io.Writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &stream{log: l, name: name}
	l.streams = append(l.streams, s)
	return s
}

// Close writes out unfinished lines and lets followers end. It returns the first error of any write.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	for _, s := range l.streams {
		if len(s.partial) > 0 {
			l.write(s.line(nil, time.Now(), s.partial))
			s.partial = nil
		}
	}
	l.closed = true
	close(l.written)
	return errors.Join(l.failed, l.file.Close())
}

// write appends to the file. l.mu is held.
func (l *Log) write(b []byte) {
	if l.closed || len(b) == 0 {
		return
	}
	if _, err := l.file.Write(b); err != nil && l.failed == nil {
		l.failed = fmt.Errorf("log: %w", err)
	}
	close(l.written)
	l.written = make(chan struct{})
}

// stream splits what is written to it into lines.
type stream struct {
	log     *Log
	name    string
	partial []byte
}

func (s *stream) Write(p []byte) (int, error) {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	var out []byte
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		if room := maxLine - len(s.partial); len(line) > room {
			line, after, ended = rest[:room], rest[room:], true
		}
		if rest = after; !ended {
			s.partial = append(s.partial, line...)
			break
		}
		if len(s.partial) > 0 {
			line = append(s.partial, line...)
		}
		out = s.line(out, now, line)
		s.partial = s.partial[:0]
	}
	l.write(out)
	return len(p), nil
}

func (s *stream) line(out []byte, now time.Time, text []byte) []byte {
	if s.log.redact != nil {
		text = s.log.redact(text)
	}
	out = now.UTC().AppendFormat(out, time.RFC3339Nano)
	out = append(out, ' ')
	out = append(out, s.name...)
	out = append(out, ' ')
	out = append(out, bytes.TrimSuffix(text, []byte{'\r'})...)
	return append(out, '\n')
}

// Reader reads from the beginning. With follow it goes on until Close of the log (io.EOF) or the end of ctx (its error).
func (l *Log) Reader(ctx context.Context, follow bool) (io.ReadCloser, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	if !follow {
		return f, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	return &follower{log: l, file: f, ctx: ctx, cancel: cancel}, nil
}

type follower struct {
	log    *Log
	file   *os.File
	ctx    context.Context
	cancel context.CancelFunc
}

func (f *follower) Read(p []byte) (int, error) {
	for {
		f.log.mu.Lock()
		more, closed := f.log.written, f.log.closed
		f.log.mu.Unlock()
		if err := f.ctx.Err(); err != nil {
			return 0, err
		}
		n, err := f.file.Read(p)
		if n > 0 || len(p) == 0 || !errors.Is(err, io.EOF) || closed {
			return n, err
		}
		select {
		case <-more:
		case <-f.ctx.Done():
		}
	}
}

// Close makes a Read that waits return.
func (f *follower) Close() error {
	f.cancel()
	return f.file.Close()
}
