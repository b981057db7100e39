package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/store"
)

const (
	// keepAlive is how often an idle stream sends a comment, so that no proxy cuts it.
	keepAlive = 15 * time.Second
	// writeTimeout is how long a reader may take for one event before it is cut off.
	writeTimeout = 30 * time.Second
)

// stream writes server-sent events (WHATWG HTML, section 9.2).
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  bytes.Buffer
}

func newStream(c *gin.Context) *stream {
	h := c.Writer.Header()
	h.Set("Content-Type", eventStream)
	h.Set("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	return &stream{w: c.Writer, control: http.NewResponseController(c.Writer)}
}

// event buffers one event; data holds no line break.
func (s *stream) event(name, id string, data []byte) {
	if id != "" {
		fmt.Fprintf(&s.buffer, "id: %s\n", id)
	}
	fmt.Fprintf(&s.buffer, "event: %s\ndata: %s\n\n", name, data)
}

func (s *stream) document(name, id string, v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		s.event(name, id, b)
	}
	return err
}

// flush sends what is buffered, or a comment if that is nothing.
func (s *stream) flush() error {
	if s.buffer.Len() == 0 {
		s.buffer.WriteString(": still here\n\n")
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := s.w.Write(s.buffer.Bytes())
	s.buffer.Reset()
	return errors.Join(err, s.control.Flush())
}

// follow calls step whenever moved announces a change. step buffers what is new, and reports whether the stream is complete.
func (a *api) follow(c *gin.Context, s *stream, moved func() <-chan struct{}, step func() (done bool, err error)) {
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for begun := false; ; begun = true {
		signal := moved() // before step, so that no change in between is missed
		done, err := step()
		if err != nil {
			a.Log.Warn("a stream ended early", "path", c.Request.URL.Path, "error", err)
			return
		}
		if s.buffer.Len() > 0 || !begun {
			if s.flush() != nil {
				return // the reader has left
			}
		}
		if done {
			return
		}
		select {
		case <-signal:
		case <-alive.C:
			if s.flush() != nil {
				return
			}
		case <-c.Request.Context().Done():
			return
		case <-a.Dispatcher.Stopping():
			return
		}
	}
}

// getRunEvents streams a run's observations. An event's ID is the file offset after it: a reader that reconnects continues
// from there, even with another daemon.
func (a *api) getRunEvents(c *gin.Context) {
	r, ok := a.record(c, store.Run)
	if !ok {
		return
	}
	offset, err := lastEvent(c)
	if err != nil {
		a.fail(c, err)
		return
	}
	s := newStream(c)
	path := filepath.Join(r.Dir, evidence.ObservationsFile)
	a.follow(c, s, func() <-chan struct{} { return a.Dispatcher.Moved(r.ID) }, func() (bool, error) {
		r, err := a.Dispatcher.Get(c.Request.Context(), store.Run, r.ID) // before the file, which is complete if the run has ended
		if err != nil {
			return false, err
		}
		if offset, err = s.observations(path, offset); err != nil {
			return false, err
		}
		if !r.Status.Ended() {
			return false, nil
		}
		return true, s.document(v1.EventEnd, "", runView(r))
	})
}

// mostBuffered is how much of a file is read at a time.
const mostBuffered = 256 << 10

// observations buffers the complete lines after offset, and returns the offset after them.
func (s *stream) observations(path string, offset int64) (int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return offset, nil
	}
	if err != nil {
		return offset, err
	}
	defer f.Close() // only read from
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return offset, err
	}
	for lines := bufio.NewReaderSize(f, 64<<10); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return offset, nil // an incomplete line is read again later
		}
		if err != nil {
			return offset, err
		}
		offset += int64(len(line))
		s.event(v1.EventObservation, strconv.FormatInt(offset, 10), bytes.TrimSpace(line))
		if s.buffer.Len() > mostBuffered {
			if err := s.flush(); err != nil {
				return offset, err
			}
		}
	}
}

// getChanges streams changed runs and environments. An event's ID is the revision.
func (a *api) getChanges(c *gin.Context) {
	revision, err := lastEvent(c)
	if err != nil {
		a.fail(c, err)
		return
	}
	s := newStream(c)
	a.follow(c, s, func() <-chan struct{} { return a.Dispatcher.Moved("") }, func() (bool, error) {
		changed, err := a.Store.Changed(c.Request.Context(), revision)
		if err != nil {
			return false, err
		}
		for _, r := range changed {
			revision = r.Revision
			id := strconv.FormatInt(revision, 10)
			if r.Kind == store.Run {
				err = s.document(v1.EventRun, id, runView(r))
			} else {
				err = s.document(v1.EventEnvironment, id, a.environmentView(r))
			}
			if err != nil {
				return false, err
			}
		}
		return false, nil
	})
}

// lastEvent returns the ID of the last event that a reader has seen; 0 for a new reader.
func lastEvent(c *gin.Context) (int64, error) {
	text := c.GetHeader("Last-Event-ID")
	if text == "" {
		text = c.DefaultQuery("after", "0")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("Last-Event-ID is not one of ours: " + text)
	}
	return n, nil
}

// lineEvents sends each line that is written to it as an event.
type lineEvents struct {
	stream *stream
	part   []byte
}

func (l *lineEvents) Write(p []byte) (int, error) {
	l.part = append(l.part, p...)
	for {
		line, rest, whole := bytes.Cut(l.part, []byte("\n"))
		if !whole {
			break
		}
		l.stream.event(v1.EventLine, "", bytes.TrimRight(line, "\r"))
		l.part = rest
	}
	if l.stream.buffer.Len() == 0 {
		return len(p), nil
	}
	return len(p), l.stream.flush()
}
