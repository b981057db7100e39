// Package splice joins two connections.
package splice

import (
	"io"
	"net"
	"sync"
)

// Join copies both ways until both sides have ended, and closes both. The end of each half is passed on, so that half-closed
// connections work; a side that breaks off counts as ended.
func Join(a, b net.Conn) {
	var both sync.WaitGroup
	half := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // the other side is told by the end that follows
		if c, ok := to.(interface{ CloseWrite() error }); ok {
			_ = c.CloseWrite()
		} else {
			to.Close()
		}
	}
	both.Go(func() { half(a, b) })
	both.Go(func() { half(b, a) })
	both.Wait()
	a.Close()
	b.Close()
}

// Reset closes a connection by RST, so that its peer sees it break instead of end.
func Reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // at worst the peer sees an orderly end
	}
	c.Close()
}
