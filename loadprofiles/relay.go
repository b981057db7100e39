package loadprofiles

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Relay runs k6, as [Command] has it, and writes what it measures to out, once a second: see [ReadMeasures]. k6 can
// hand its aggregates to an HTTP server only, so Relay listens on the loopback interface that it shares with k6 for as
// long as k6 lives. It returns what cmd.Run would.
func Relay(cmd *exec.Cmd, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for k6's measures: %w", err)
	}
	r := &relay{out: out}
	server := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	cmd.Env = append(cmd.Environ(), "K6_CLOUD_HOST=http://"+listener.Addr().String())
	err = cmd.Run()
	// k6 has waited for the answers to its pushes, so whatever goes on now is of nobody's interest.
	err = errors.Join(err, server.Close(), r.err())
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// relay is the server to which k6 pushes.
type relay struct {
	mu     sync.Mutex
	out    io.Writer
	failed error
}

func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost || !strings.HasPrefix(req.URL.Path, "/v2/metrics/") {
		http.NotFound(w, req)
		return
	}
	push, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxPush))
	if err != nil {
		return // k6 is gone, or tries again
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = writeFrame(r.out, push)
	}
	if r.failed != nil { // k6 reports it in its log
		http.Error(w, r.failed.Error(), http.StatusInsufficientStorage)
	}
}

func (r *relay) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}
