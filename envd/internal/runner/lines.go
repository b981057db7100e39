package runner

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// probeLog waits for a line that matches.
func (s *session) probeLog(ctx context.Context, service, pattern string) error {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	logs, err := s.Runtime.Logs(ctx, s.ID, service, true)
	if err != nil {
		return err
	}
	defer logs.Close()
	lines := bufio.NewScanner(logs)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if _, text := splitLogLine(lines.Text()); re.MatchString(text) {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("no log line matched %q", pattern), lines.Err())
}

// splitLogLine splits a line of the form "time stream text".
func splitLogLine(line string) (stream, text string) {
	parts := strings.SplitN(line, " ", 3)
	if len(parts) < 3 {
		return "", line
	}
	return parts[1], parts[2]
}

// tailLines is how many lines of a log an error shows.
const tailLines = 20

// lastLines returns the end of a service's log, ready to be appended to an error. If the service has ended, it waits for
// the complete log.
func (s *session) lastLines(service string, ended bool) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	logs, err := s.Runtime.Logs(ctx, s.ID, service, ended)
	if err != nil {
		return ""
	}
	defer logs.Close()
	b, err := io.ReadAll(logs)
	if err != nil || len(b) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	for i, line := range lines {
		_, lines[i] = splitLogLine(line)
	}
	return "\n  last log lines of " + service + ":\n    " + strings.Join(lines, "\n    ")
}
