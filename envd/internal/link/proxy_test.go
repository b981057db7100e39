package link

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// echo is an upstream that sends back what it gets, to its end.
func echo(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// rig is a server with one proxy, "a", before an echo.
type rig struct {
	*Server
	t       testing.TB
	address string
}

func newRig(t testing.TB) *rig { return newRigWith(t, Options{}) }

func newRigWith(t testing.TB, o Options) *rig {
	s := New(o)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	p, err := s.Add(Definition{Name: "a", Listen: "127.0.0.1:0", Upstream: echo(t), Enabled: true})
	require.NoError(t, err)
	return &rig{s, t, p.view().Listen}
}

func (r *rig) dial() *net.TCPConn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.address)
	require.NoError(r.t, err)
	require.NoError(r.t, c.SetDeadline(time.Now().Add(patience)))
	r.t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// ping sends a line and wants it back.
func (r *rig) ping(c net.Conn) (time.Duration, error) {
	begin := time.Now()
	if _, err := c.Write([]byte("ping\n")); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil {
		assert.Equal(r.t, "ping\n", line)
	}
	return time.Since(begin), err
}

func (r *rig) pings(c net.Conn) time.Duration {
	r.t.Helper()
	took, err := r.ping(c)
	require.NoError(r.t, err)
	return took
}

func (r *rig) inject(toxics ...Toxic) {
	r.t.Helper()
	for i := range toxics {
		toxics[i].Toxicity = 1
	}
	require.NoError(r.t, r.SetFault("f", []string{"a"}, toxics, time.Minute))
}

func (r *rig) await() Effect {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	e, err := r.AwaitFault(ctx, "f")
	require.NoError(r.t, err)
	return e
}

func TestRelaysAndPassesTheEndOn(t *testing.T) {
	r := newRig(t)
	for range 2 {
		c := r.dial()
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		go func() {
			c.Write(sent)
			c.CloseWrite()
		}()
		got, err := io.ReadAll(c)
		require.NoError(t, err, "the upstream answers to the end after the consumer's own end")
		assert.Equal(t, sha256.Sum256(sent), sha256.Sum256(got))
		r.inject(Toxic{Type: "slicer", Stream: Upstream, Attributes: map[string]float64{"average_size": 5000}}) // and once more with a toxic
	}
}

func TestLatencyOnAConnectionThatExists(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.pings(c)
	const delay = 150 * time.Millisecond
	r.inject(Toxic{Type: "latency", Stream: Downstream, Attributes: map[string]float64{"latency": 150}})
	assert.GreaterOrEqual(t, r.pings(c), delay)
	e := r.await()
	assert.Equal(t, [2]int64{1, 1}, [2]int64{e.Affected, e.Total})
	assert.GreaterOrEqual(t, e.Held, delay, "as measured at the delivery, not as asked for")
	assert.GreaterOrEqual(t, r.pings(r.dial()), delay, "a new connection, too")
	assert.EqualValues(t, 2, r.ClearFault("f").Affected)
	fast := r.pings(c)
	for range 5 {
		fast = min(fast, r.pings(c))
	}
	assert.Less(t, fast, delay)
}

func TestLatencyKeepsTheThroughput(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.inject(Toxic{Type: "latency", Stream: Upstream, Attributes: map[string]float64{"latency": 200}})
	begin := time.Now()
	for range 10 {
		_, err := c.Write([]byte("x"))
		require.NoError(t, err)
	}
	_, err := io.ReadFull(c, make([]byte, 10))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(begin), 200*time.Millisecond)
	assert.Less(t, time.Since(begin), 10*200*time.Millisecond, "pieces travel at the same time")
}

func TestChangesLoseNoData(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	go func() {
		for rest := sent; len(rest) > 0; {
			n := min(64<<10, len(rest))
			c.Write(rest[:n])
			rest = rest[n:]
			r.SetFault("f", []string{"a"}, []Toxic{{Type: "latency", Stream: Upstream, Toxicity: 1, Attributes: map[string]float64{"latency": 1}}}, time.Minute)
			r.ClearFault("f")
		}
		c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, sha256.Sum256(sent), sha256.Sum256(got))
}

func TestFaultActsOnATransferUnderWay(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	ended := make(chan error, 1)
	go func() {
		var err error
		for block := make([]byte, 64<<10); err == nil; {
			_, err = c.Write(block)
		}
		ended <- err
	}()
	_, err := io.CopyN(io.Discard, c, 4<<20)
	require.NoError(t, err)
	r.inject(Toxic{Type: "reset_peer", Stream: Upstream})
	_, err = io.Copy(io.Discard, c) // there is always more to move, and no pause in which to look at toxics
	assert.ErrorIs(t, errors.Join(err, <-ended), syscall.ECONNRESET, "the kernel tells it once, whoever asks first")
	assert.EqualValues(t, 1, r.await().Affected)
}

func TestResetBreaksWithRST(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.pings(c)
	r.inject(Toxic{Type: "reset_peer", Stream: Downstream})
	_, err := r.ping(c)
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	assert.EqualValues(t, 1, r.await().Affected)
}

func TestBlackholeUntilItsEnd(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.inject(Toxic{Type: "timeout", Stream: Upstream}, Toxic{Type: "timeout", Stream: Downstream})
	_, err := c.Write([]byte("into the void\n"))
	require.NoError(t, err)
	e := r.await()
	assert.Equal(t, Effect{Affected: 1, Total: 1}, e, "one connection, although two toxics act on it")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorContains(t, err, "timeout", "it stays open, and silent")
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	r.ClearFault("f")
	_, err = c.Read(make([]byte, 1))
	assert.Error(t, err, "what was lost does not come back: the connection ends with the fault")
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	r.pings(r.dial())
}

func TestTimeoutClosesWithoutData(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	r.pings(c)
	r.inject(Toxic{Type: "timeout", Stream: Downstream, Attributes: map[string]float64{"timeout": 30}})
	_, err := c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	assert.EqualValues(t, 1, r.await().Affected)
}

func TestSharedOut(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.SetFault("f", []string{"a"}, []Toxic{{Type: "reset_peer", Stream: Downstream, Toxicity: 0.5}}, time.Minute))
	for range 100 {
		r.ping(r.dial())
	}
	e := r.ClearFault("f")
	assert.EqualValues(t, 100, e.Total)
	assert.InDelta(t, 50, e.Affected, 30) // six standard deviations
}

func TestLeaseEnds(t *testing.T) {
	r := newRig(t)
	toxics := []Toxic{{Type: "reset_peer", Stream: Downstream, Toxicity: 1}}
	require.NoError(t, r.SetFault("f", []string{"a"}, toxics, 50*time.Millisecond))
	require.Eventually(t, func() bool { _, err := r.ping(r.dial()); return err == nil }, patience, 5*time.Millisecond)
	assert.ErrorIs(t, r.RenewFault("f", time.Second), ErrGone)
	_, err := r.AwaitFault(t.Context(), "f")
	assert.ErrorIs(t, err, ErrGone)
	assert.Equal(t, Effect{}, r.ClearFault("f"), "clearing what is not there is no error")

	require.NoError(t, r.SetFault("f", []string{"a"}, toxics, 100*time.Millisecond))
	for begin := time.Now(); time.Since(begin) < 300*time.Millisecond; time.Sleep(10 * time.Millisecond) {
		require.NoError(t, r.RenewFault("f", patience))
	}
	_, err = r.ping(r.dial())
	assert.Error(t, err, "renewed, it outlives its first lease")
}

func TestUpstreamOutOfReach(t *testing.T) {
	r := newRig(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.Close()
	p, err := r.Add(Definition{Name: "nowhere", Listen: "127.0.0.1:0", Upstream: l.Addr().String(), Enabled: true})
	require.NoError(t, err)
	c, err := net.Dial("tcp", p.view().Listen) // accepted, or reset before Dial could tell
	if err == nil {
		defer c.Close()
		_, err = r.ping(c)
	}
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}
