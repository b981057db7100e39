//go:build linux

package control

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
)

// ErrGone is returned by calls once PID 1 has ended, and the environment with it.
var ErrGone = errors.New("the environment's PID 1 is gone")

// Client is the runner's end: calls matched to their answers.
type Client struct {
	conn    *Conn
	egress  func(destination string, accepted *os.File)
	done    chan struct{}
	mu      sync.Mutex
	last    uint64
	pending map[uint64]chan answer // nil once the connection has ended
}

type answer struct {
	Response
	files []*os.File
}

// NewClient serves conn until its end. egress gets every accepted egress connection, and owns it.
func NewClient(conn *Conn, egress func(destination string, accepted *os.File)) *Client {
	c := &Client{conn: conn, egress: egress, done: make(chan struct{}), pending: map[uint64]chan answer{}}
	go c.receive()
	return c
}

// Done is closed once the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Close cuts the lifeline and waits until nothing is received any more.
func (c *Client) Close() error {
	err := c.conn.Close()
	<-c.done
	return err
}

// Call sends a request and waits for its answer. The files of the answer belong to the caller. If ctx ends first, the
// answer is dropped when it comes.
func (c *Client) Call(ctx context.Context, req Request, files ...*os.File) (Response, []*os.File, error) {
	if err := ctx.Err(); err != nil {
		return Response{}, nil, err
	}
	reply := make(chan answer, 1)
	c.mu.Lock()
	if c.pending == nil {
		c.mu.Unlock()
		return Response{}, nil, ErrGone
	}
	c.last++
	req.ID = c.last
	c.pending[req.ID] = reply
	c.mu.Unlock()
	if err := c.conn.Send(req, files...); err != nil {
		c.drop(req.ID, reply)
		select {
		case <-c.done:
			return Response{}, nil, ErrGone
		default:
			return Response{}, nil, err
		}
	}
	select {
	case a, ok := <-reply:
		if !ok {
			return Response{}, nil, ErrGone
		}
		return a.Response, a.files, a.Err()
	case <-ctx.Done():
		c.drop(req.ID, reply)
		return Response{}, nil, ctx.Err()
	}
}

// drop forgets a call; an answer that has just arrived is discarded with its files.
func (c *Client) drop(id uint64, reply chan answer) {
	c.mu.Lock()
	delete(c.pending, id)
	c.mu.Unlock()
	select {
	case a := <-reply:
		_ = CloseAll(a.files) // nothing was written to them, so nothing can be lost
	default:
	}
}

func (c *Client) receive() {
	defer close(c.done)
	for {
		var r Response
		files, err := c.conn.Receive(&r)
		if err != nil {
			c.end(err)
			return
		}
		c.deliver(r, files)
	}
}

func (c *Client) deliver(r Response, files []*os.File) {
	if r.ID == 0 && len(files) == 1 {
		c.egress(r.Egress, files[0])
		return
	}
	c.mu.Lock()
	reply := c.pending[r.ID]
	delete(c.pending, r.ID)
	if reply != nil {
		reply <- answer{r, files} // buffered, and the only send
	}
	c.mu.Unlock()
	if reply == nil {
		_ = CloseAll(files) // the caller gave up
	}
}

// end fails every pending call. A broken message ends the connection too: the stream cannot be trusted after it.
func (c *Client) end(err error) {
	if !errors.Is(err, io.EOF) {
		_ = c.conn.Close()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, reply := range c.pending {
		close(reply)
	}
	c.pending = nil
}
