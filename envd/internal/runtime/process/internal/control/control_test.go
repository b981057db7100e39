//go:build linux

package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/envd-dev/envd/envd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pair(t *testing.T) (ours, theirs *Conn) {
	t.Helper()
	ours, inherited, err := Pair()
	require.NoError(t, err)
	theirs, err = FromFile(inherited)
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = ours.Close() // the test may have been first
		_ = theirs.Close()
	})
	return ours, theirs
}

func TestMessagesKeepTheirFiles(t *testing.T) {
	ours, theirs := pair(t)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer read.Close()
	big := strings.Repeat("x", 1<<20) // beyond any socket buffer
	sent := make(chan error, 1)
	go func() {
		err := ours.Send(Request{ID: 1, Start: &Start{Name: "first", Env: []string{big}}})
		err = errors.Join(err, ours.Send(Request{ID: 2, Start: &Start{Name: "second"}}, write, write))
		sent <- errors.Join(err, ours.Send(Request{ID: 3, Wait: &Wait{Name: "third"}}))
	}()
	var req Request
	files, err := theirs.Receive(&req)
	require.NoError(t, err)
	assert.Empty(t, files)
	assert.Equal(t, big, req.Start.Env[0])

	req = Request{}
	files, err = theirs.Receive(&req)
	require.NoError(t, err)
	assert.Equal(t, "second", req.Start.Name)
	require.Len(t, files, 2)
	_, err = files[1].WriteString("through the passed file")
	require.NoError(t, err)
	require.NoError(t, CloseAll(files))

	req = Request{}
	files, err = theirs.Receive(&req)
	require.NoError(t, err)
	assert.Empty(t, files)
	assert.Equal(t, "third", req.Wait.Name)
	require.NoError(t, <-sent)
	require.NoError(t, write.Close())
	b, err := io.ReadAll(read)
	require.NoError(t, err)
	assert.Equal(t, "through the passed file", string(b))
}

func TestTheEndIsEOF(t *testing.T) {
	ours, theirs := pair(t)
	require.NoError(t, ours.Close())
	_, err := theirs.Receive(&Request{})
	assert.ErrorIs(t, err, io.EOF)
}

func TestOversizedAndMalformed(t *testing.T) {
	ours, theirs := pair(t)
	assert.ErrorContains(t, ours.Send(strings.Repeat("x", maxBody)), "the limit is")
	_, err := ours.socket.Write([]byte{0xff, 0, 0, 0})
	require.NoError(t, err)
	_, err = theirs.Receive(&Request{})
	assert.ErrorContains(t, err, "the limit is")

	ours, theirs = pair(t)
	_, err = ours.socket.Write([]byte{0, 0, 0, 2, '{', 'x'})
	require.NoError(t, err)
	_, err = theirs.Receive(&Request{})
	assert.ErrorContains(t, err, "control message")
}

// serve answers every request with f, from a goroutine each, until the connection ends.
func serve(conn *Conn, f func(Request) (Response, []*os.File)) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		var req Request
		if _, err := conn.Receive(&req); err != nil {
			return
		}
		all.Go(func() {
			resp, files := f(req)
			resp.ID = req.ID
			_ = conn.Send(resp, files...)
			_ = CloseAll(files)
		})
	}
}

func TestCallsMeetTheirAnswers(t *testing.T) {
	ours, theirs := pair(t)
	client := NewClient(ours, func(string, *os.File) { t.Error("nothing was accepted") })
	served := make(chan struct{})
	go func() {
		defer close(served)
		serve(theirs, func(req Request) (Response, []*os.File) {
			f, err := os.Open(os.DevNull)
			return Response{Error: NewError(err), Exit: &envd.Exit{Reason: req.Wait.Name}}, []*os.File{f}
		})
	}()
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			name := fmt.Sprint("call ", i)
			resp, files, err := client.Call(context.Background(), Request{Wait: &Wait{Name: name}})
			if assert.NoError(t, err) {
				assert.Equal(t, name, resp.Exit.Reason)
				assert.Len(t, files, 1)
				assert.NoError(t, CloseAll(files))
			}
		})
	}
	all.Wait()
	require.NoError(t, client.Close())
	<-served
	_, _, err := client.Call(context.Background(), Request{})
	assert.ErrorIs(t, err, ErrGone)
}

func TestACallEndsWithItsContextOrTheOtherSide(t *testing.T) {
	ours, theirs := pair(t)
	client := NewClient(ours, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, _, err := client.Call(ctx, Request{})
	assert.ErrorIs(t, err, context.DeadlineExceeded)

	ended := make(chan error, 1)
	go func() {
		_, _, err := client.Call(context.Background(), Request{})
		ended <- err
	}()
	for range 2 { // both requests have arrived
		_, err = theirs.Receive(&Request{})
		require.NoError(t, err)
	}
	require.NoError(t, theirs.Close())
	assert.ErrorIs(t, <-ended, ErrGone)
	<-client.Done()
	require.NoError(t, client.Close())
}

func TestUnaskedMessagesAreEgress(t *testing.T) {
	ours, theirs := pair(t)
	accepted := make(chan string, 1)
	client := NewClient(ours, func(destination string, f *os.File) { accepted <- destination + " " + f.Name(); f.Close() })
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, theirs.Send(Response{Egress: "api.example.org:443"}, f))
	require.NoError(t, f.Close())
	assert.Equal(t, "api.example.org:443 passed", <-accepted)
	require.NoError(t, client.Close())
}

func TestErrorsStayTestable(t *testing.T) {
	over := func(err error) error { return (&Response{Error: NewError(err)}).Err() }
	assert.NoError(t, over(nil))
	assert.ErrorIs(t, over(fmt.Errorf("stop: %w", envd.ErrNoService)), envd.ErrNoService)
	assert.ErrorIs(t, over(fmt.Errorf("user: %w", envd.ErrUnsupported)), envd.ErrUnsupported)
	assert.NotErrorIs(t, over(errors.New("plain")), envd.ErrNoService)
	refused := over(fmt.Errorf("dial: %w", os.NewSyscallError("connect", syscall.ECONNREFUSED)))
	assert.ErrorIs(t, refused, syscall.ECONNREFUSED)
	assert.ErrorContains(t, refused, "connect: connection refused")
	assert.ErrorIs(t, over(syscall.ENOENT), os.ErrNotExist)
}
