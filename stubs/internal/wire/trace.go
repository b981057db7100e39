package wire

import (
	"bytes"
	"strings"
	"sync"
)

// tracer cuts a connection's traffic into lines, whatever pieces it comes in.
type tracer struct {
	emit func(in bool, line string)
	mu   sync.Mutex
	rest [2][]byte // what has come of the next line: written, read
}

func (t *tracer) see(in bool, data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := &t.rest[0]
	if in {
		rest = &t.rest[1]
	}
	*rest = append(*rest, data...)
	for {
		line, after, ok := bytes.Cut(*rest, []byte("\n"))
		if !ok {
			return
		}
		t.emit(in, strings.TrimSuffix(string(line), "\r"))
		*rest = after
	}
}

// end gives what came after the last line end.
func (t *tracer) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.rest {
		if len(t.rest[i]) > 0 {
			t.emit(i == 1, string(t.rest[i]))
			t.rest[i] = nil
		}
	}
}
