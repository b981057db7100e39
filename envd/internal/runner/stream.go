package runner

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// flusher sends every write on at once.
type flusher struct{ w http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = http.NewResponseController(f.w).Flush()
	}
	return n, err
}

// frameWriter sends frames, one at a time.
type frameWriter struct {
	mu  sync.Mutex
	out *json.Encoder
}

func (f *frameWriter) send(frame ExecFrame) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.Encode(frame)
}

// to is a writer whose data is sent as the frame that wrap makes of it.
func (f *frameWriter) to(wrap func([]byte) ExecFrame) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		if err := f.send(wrap(p)); err != nil {
			return 0, err
		}
		return len(p), nil
	})
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(p []byte) (int, error) { return w(p) }
