package respond

import (
	"context"
	"net/http"
	"time"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// chunksOf is the number of chunks and the size of all but the last.
func chunksOf(d *mapping.ChunkedDribbleDelay, length int) (n, size int) {
	n = min(max(1, d.NumberOfChunks), length)
	return n, length / n
}

// reach is where the first chunk ends with which at least declared bytes of a body of length are sent.
func reach(d *mapping.ChunkedDribbleDelay, length, declared int) int {
	n, size := chunksOf(d, length)
	if chunk := max(1, (declared+size-1)/size); chunk < n {
		return chunk * size
	}
	return length
}

// dribble sends the body in equal chunks, the rest with the last, and waits an equal time before each. It stops with the chunk
// that ends at an index, if that is not the last.
func dribble(ctx context.Context, w http.ResponseWriter, body []byte, end int, d *mapping.ChunkedDribbleDelay) {
	n, size := chunksOf(d, len(body))
	start := time.Now()
	flusher := http.NewResponseController(w)
	for i := range n {
		if i*size >= end {
			return
		}
		if !sleepUntil(ctx, start.Add(d.TotalDuration*time.Duration(i+1)/time.Duration(n))) {
			return
		}
		chunk := body[i*size:]
		if i < n-1 {
			chunk = chunk[:size]
		}
		if _, err := w.Write(chunk); err != nil {
			return
		}
		if flusher.Flush() != nil {
			return
		}
	}
}
