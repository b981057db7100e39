package loadprofiles

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Exceptions are the iterations (and setup, teardown, init code) that ended with an exception. k6 counts such an
// iteration as complete and exits with 0 when every one of them throws, so they are counted from its log.
type Exceptions struct {
	Count int64       `json:"count"`
	First []Exception `json:"first,omitempty"` // the first few different ones
}

// Exception is one text that a script threw.
type Exception struct {
	Text     string `json:"text"`               // what was thrown, or k6's words
	Location string `json:"location,omitempty"` // file:line:column in the user's script, where k6 tells
	Count    int64  `json:"count"`
}

// logLine is one line of k6's log in JSON.
type logLine struct {
	Level    string `json:"level"`
	Msg      string `json:"msg"`
	Source   string `json:"source"`
	Scenario string `json:"scenario"`
	Hint     string `json:"hint"`
	Error    string `json:"error"`
}

const (
	sourceConsole    = "console"    // what the script prints
	sourceStacktrace = "stacktrace" // what it throws
	hintException    = "script exception"
	uncaughtPromise  = "Uncaught (in promise) " // what an async function throws; these carry no source

	testStarts     = "Start of test run"      // virtual users are there; setup() is next
	scheduleBegins = "Start all executors..." // setup() is over
	testFinished   = "Test finished"          // cleanly, or with an error; not told where the script marks it as failed
	testOver       = "Waiting for metrics"    // always next
	pushFailed     = "Failed to push metrics to the cloud"

	maxExceptions = 5
	maxNotices    = 20
	maxText       = 2_000    // bytes kept of a text
	maxLogLine    = 64 << 10 // bytes of a line looked at
)

// debugging marks the lines of k6's course, and what a script tells console.debug.
var debugging = []byte(`"level":"debug"`)

// parseLogLine reads one line; ok is false when it is no JSON, as when k6 itself crashes.
func parseLogLine(line []byte) (e logLine, ok bool) {
	return e, json.Unmarshal(line, &e) == nil
}

// exception says whether the line reports that script code threw.
func (e logLine) exception() bool {
	if e.Level != "error" || e.Source == sourceConsole {
		return false
	}
	return e.Source == sourceStacktrace || e.Hint == hintException || strings.HasPrefix(e.Msg, uncaughtPromise)
}

// ReadLog folds k6's log, in JSON as [Command] asks for it, into the summary, until its end. It writes all lines but
// those of debugging to keep, which may be nil.
func (r *Recorder) ReadLog(log io.Reader, keep io.Writer) error {
	if keep == nil {
		keep = io.Discard
	}
	in := bufio.NewReaderSize(log, maxLogLine)
	for {
		line, err := in.ReadSlice('\n')
		to := keep
		if bytes.Contains(line, debugging) {
			to = io.Discard
		}
		_, failed := to.Write(line)
		if errors.Is(err, bufio.ErrBufferFull) { // look at the beginning of an endless line only
			line = bytes.Clone(line)
			for errors.Is(err, bufio.ErrBufferFull) && failed == nil {
				var rest []byte
				rest, err = in.ReadSlice('\n')
				_, failed = to.Write(rest)
			}
		}
		if len(bytes.TrimSpace(line)) > 0 {
			r.Log(line)
		}
		if errors.Is(err, io.EOF) && failed == nil {
			return nil
		}
		if err = errors.Join(err, failed); err != nil {
			return fmt.Errorf("k6's log: %w", err)
		}
	}
}

// Log folds one line of k6's log into the summary.
func (r *Recorder) Log(line []byte) {
	// One line for each failed request comes at the rate of the load, so what does not matter is not parsed.
	switch {
	case bytes.Contains(line, debugging):
		r.follow(line)
		return
	case bytes.Contains(line, []byte(`"level":"info"`)), bytes.Contains(line, []byte(`"msg":"Request Failed"`)):
		return
	}
	e, ok := parseLogLine(line)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !ok && bytes.HasPrefix(line, []byte(`{`)) && bytes.Contains(line, []byte(hintException)):
		r.except("exception with a text too long to read", "") // a line cut off at maxLogLine
	case !ok:
		r.notice(string(line))
	case e.exception():
		text, location := splitTrace(e.Msg)
		r.except(text, location)
	case e.Source == sourceConsole:
	case e.Level == "error" || e.Level == "warning":
		if e.Msg == pushFailed {
			r.summary.Incomplete = "k6 could not hand its measures over: " + e.Error
		}
		if strings.HasPrefix(e.Msg, "Insufficient VUs") {
			r.insufficientVUs = true
		}
		text := e.Msg
		if e.Error != "" {
			text += ": " + e.Error
		}
		r.notice(text)
	}
}

// follow takes k6's course from its debugging lines, which are the only ones that tell it.
func (r *Recorder) follow(line []byte) {
	if !bytes.Contains(line, []byte(`"msg":"Start`)) && !bytes.Contains(line, []byte(`"msg":"`+testFinished)) &&
		!bytes.Contains(line, []byte(`"msg":"`+testOver)) {
		return
	}
	e, ok := parseLogLine(line)
	if !ok || e.Source == sourceConsole {
		return
	}
	now := time.Now()
	r.mu.Lock()
	switch {
	case e.Msg == testStarts:
		r.summary.Start = now
	case r.summary.End.IsZero() && (strings.HasPrefix(e.Msg, testFinished) || strings.HasPrefix(e.Msg, testOver)):
		r.summary.End = now
	}
	r.mu.Unlock()
	if e.Msg == scheduleBegins {
		r.hasBegun()
	}
}

func (r *Recorder) except(text, location string) {
	r.summary.Exceptions.Count++
	text = clip(text)
	for i := range r.summary.Exceptions.First {
		if x := &r.summary.Exceptions.First[i]; x.Text == text && x.Location == location {
			x.Count++
			return
		}
	}
	if len(r.summary.Exceptions.First) < maxExceptions {
		r.summary.Exceptions.First = append(r.summary.Exceptions.First, Exception{text, location, 1})
	}
}

// notice keeps the first different warnings and errors of k6.
func (r *Recorder) notice(text string) {
	text = clip(strings.TrimSpace(text))
	for _, known := range r.summary.Notices {
		if known == text {
			return
		}
	}
	if len(r.summary.Notices) < maxNotices {
		r.summary.Notices = append(r.summary.Notices, text)
	}
}

func clip(text string) string {
	if len(text) > maxText {
		return strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}

// traceLocation finds the position in a line of a stack trace: "\tat checkout (file:///src/a.js:6:74(17))".
var traceLocation = regexp.MustCompile(`file://(/[^\s()]*:\d+:\d+)`)

// splitTrace takes a message with a stack trace apart: the text, and the topmost position in a file.
func splitTrace(msg string) (text, location string) {
	text, trace, _ := strings.Cut(strings.TrimPrefix(msg, uncaughtPromise), "\n\tat ")
	if m := traceLocation.FindStringSubmatch(trace); m != nil {
		location = m[1]
		if path, err := url.PathUnescape(location); err == nil {
			location = path
		}
	}
	return strings.TrimSpace(text), location
}
