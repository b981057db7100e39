package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// maxHead bounds the head that is kept; net/http refuses longer ones by default (1 MB), they are just not kept here.
const maxHead = 1 << 20

type framerState uint8

const (
	inHead framerState = iota
	inBody
	inChunkSize
	inChunk
	inTrailer
	stopped
)

// framer finds the heads of requests in the bytes of an HTTP/1 connection (RFC 9112). It only has to be right for
// requests that net/http accepts; where it is not sure it stops, and the heads of that connection are unknown.
type framer struct {
	state framerState
	head  []byte
	line  []byte // of a chunk size or trailer
	left  int64  // bytes of the body or chunk still to come
}

func (f *framer) stop() { *f = framer{state: stopped} }

// feed takes the next bytes; keep is called with each complete head, which it may hold on to.
func (f *framer) feed(p []byte, keep func(head []byte)) {
	for len(p) > 0 {
		switch f.state {
		case inHead:
			p = f.feedHead(p, keep)
		case inBody, inChunk:
			n := min(int64(len(p)), f.left)
			p, f.left = p[n:], f.left-n
			if f.left > 0 {
				return
			}
			if f.state == inBody {
				f.state = inHead
			} else {
				f.state = inChunkSize
			}
		case inChunkSize, inTrailer:
			p = f.feedLine(p)
		case stopped:
			return
		}
	}
}

func (f *framer) feedHead(p []byte, keep func([]byte)) []byte {
	from := max(0, len(f.head)-3)
	had := len(f.head)
	f.head = append(f.head, p...)
	end := headEnd(f.head, from)
	if end < 0 {
		if len(f.head) > maxHead {
			f.stop()
		}
		return nil
	}
	head := bytes.Clone(f.head[:end])
	f.head = f.head[:0]
	f.startBody(head)
	keep(head)
	return p[end-had:]
}

// headEnd is the index after the blank line that ends a head, or -1; lines may end in LF alone, as net/http takes them.
func headEnd(b []byte, from int) int {
	for i := from; ; i++ {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n
		switch {
		case bytes.HasPrefix(b[i+1:], []byte("\n")):
			return i + 2
		case bytes.HasPrefix(b[i+1:], []byte("\r\n")):
			return i + 3
		}
	}
}

// startBody reads from a head what follows it.
func (f *framer) startBody(head []byte) {
	f.state, f.left = inHead, 0
	if bytes.HasPrefix(head, []byte("PRI * HTTP/2.0")) || bytes.HasPrefix(head, []byte("CONNECT ")) {
		f.stop()
		return
	}
	for line := range bytes.Lines(head) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		switch {
		case len(name) == len("Content-Length") && bytes.EqualFold(name, []byte("Content-Length")):
			n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			if err != nil || n < 0 {
				f.stop()
				return
			}
			if f.state == inHead && n > 0 {
				f.state, f.left = inBody, n
			}
		case len(name) == len("Transfer-Encoding") && bytes.EqualFold(name, []byte("Transfer-Encoding")):
			if !strings.EqualFold(string(bytes.TrimSpace(value)), "chunked") {
				f.stop()
				return
			}
			f.state, f.left = inChunkSize, 0
		case len(name) == len("Upgrade") && bytes.EqualFold(name, []byte("Upgrade")) && !bytes.Contains(value, []byte("h2c")):
			f.stop()
			return
		}
	}
}

// feedLine takes a chunk's size line or a line of the trailer.
func (f *framer) feedLine(p []byte) []byte {
	n := bytes.IndexByte(p, '\n')
	if n < 0 {
		f.line = append(f.line, p...)
		if len(f.line) > maxHead {
			f.stop()
		}
		return nil
	}
	f.line = append(f.line, p[:n]...)
	line := bytes.TrimSpace(f.line)
	f.line = f.line[:0]
	if f.state == inTrailer {
		if len(line) == 0 {
			f.state = inHead
		}
		return p[n+1:]
	}
	if len(line) == 0 { // the end of the chunk before
		return p[n+1:]
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	v, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 63)
	switch {
	case err != nil || v < 0:
		f.stop()
		return nil
	case v == 0:
		f.state = inTrailer
	default:
		f.state, f.left = inChunk, v
	}
	return p[n+1:]
}
