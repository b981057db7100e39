package runner

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// tailBytes is how much of a command's output a result quotes.
const tailBytes = 4 << 10

// output writes a command's output to its log file, masked line by line, and keeps the end of it in memory.
type output struct {
	secrets *Secrets

	mu   sync.Mutex
	file *os.File
	part []byte // of the last line, which is not complete yet
	last []byte
	err  error
}

func (s *session) openOutput(name string) (*output, error) {
	f, err := os.Create(s.Dir.Path(evidence.LogsDir, strings.ReplaceAll(name, string(filepath.Separator), "_")+".log"))
	if err != nil {
		return nil, err
	}
	return &output{secrets: s.Secrets, file: f}, nil
}

// Write never fails, so that the command goes on whatever happens to its log; Close returns what went wrong.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.part = append(o.part, p...)
	if i := bytes.LastIndexByte(o.part, '\n'); i >= 0 {
		o.put(o.part[:i+1])
		o.part = append(o.part[:0], o.part[i+1:]...)
	} else if len(o.part) > 1<<20 { // an endless line must not fill the memory
		o.put(o.part)
		o.part = o.part[:0]
	}
	return len(p), nil
}

func (o *output) put(lines []byte) {
	lines = o.secrets.Redact(lines)
	if _, err := o.file.Write(lines); err != nil && o.err == nil {
		o.err = err
	}
	o.last = append(o.last, lines...)
	if over := len(o.last) - tailBytes; over > 0 {
		o.last = append(o.last[:0], o.last[over:]...)
	}
}

// tail returns the last lines of the output.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.Split(strings.TrimRight(string(o.last)+string(o.secrets.Redact(o.part)), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

func (o *output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.put(o.part)
	o.part = nil
	if err := o.file.Close(); o.err == nil {
		o.err = err
	}
	return o.err
}
