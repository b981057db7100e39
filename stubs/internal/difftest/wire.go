package difftest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// host is the Host of requests that name no other: the servers' own addresses would differ in what they answer.
const host = "stub.example:8080"

// exchangeTimeout bounds one request; only a server that hangs needs it.
const exchangeTimeout = 30 * time.Second

// Server is one of the two servers, spoken to byte by byte: what an HTTP client refuses to send, or tidies up, counts too.
type Server struct {
	Address string // host:port

	conn    net.Conn
	reader  *bufio.Reader
	files   []string // that the case before put there
	settled bool     // the case before changed the settings
}

// Response is what came back over the wire.
type Response struct {
	Status  int
	Line    string   // the status line
	Headers []string // as they came, without Date
	Body    string   // decoded from chunks and gzip
	End     string   // how the connection ended where the answer was not whole: "closed" or "reset"
}

// NewServer is a server at an address, host:port. It is for one goroutine.
func NewServer(address string) *Server { return &Server{Address: address} }

// Close ends the connection that is kept alive.
func (s *Server) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

// Do sends a request and reads the answer. A connection that the server ended is part of the answer, not an error.
func (s *Server) Do(ctx context.Context, r Request) (Response, error) {
	kept := s.conn != nil
	resp, err := s.exchange(ctx, r)
	if kept && err == nil && resp.Line == "" { // the server may have ended a kept connection between two requests
		resp, err = s.exchange(ctx, r)
	}
	return resp, err
}

func (s *Server) exchange(ctx context.Context, r Request) (Response, error) {
	if err := s.connect(ctx); err != nil {
		return Response{}, err
	}
	if err := s.conn.SetDeadline(time.Now().Add(exchangeTimeout)); err != nil {
		return Response{}, err
	}
	_, err := io.WriteString(s.conn, r.wire())
	var resp Response
	keep := false
	if err == nil {
		resp, keep, err = s.read(r)
	}
	if err != nil || !keep {
		_ = s.Close() // what was read counts
	}
	if end := ended(err); end != "" {
		resp.End = end
		return resp, nil
	}
	if err != nil {
		return resp, fmt.Errorf("%s %s: %w", r.Method, r.Target, err)
	}
	return resp, nil
}

func (s *Server) connect(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil { // or the ports of so many connections would run out
		return err
	}
	s.conn, s.reader = conn, bufio.NewReader(conn)
	return nil
}

// ended says how a connection ended; it is empty for other errors.
func ended(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	}
	return ""
}

// wire is the request as it goes over the wire.
func (r Request) wire() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Target)
	if !r.has("Host") {
		fmt.Fprintf(&b, "Host: %s\r\n", host)
	}
	for _, h := range r.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	if r.Body != "" || r.Method == http.MethodPost || r.Method == http.MethodPut {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	return b.String() + "\r\n" + r.Body
}

func (r Request) has(name string) bool {
	for _, h := range r.Headers {
		if strings.EqualFold(h[0], name) {
			return true
		}
	}
	return false
}

// read reads one answer, and reports whether the connection can be used again. To a request that ends the connection,
// everything counts that comes, however it is framed.
func (s *Server) read(r Request) (Response, bool, error) {
	var resp Response
	line, err := s.reader.ReadString('\n')
	if err != nil {
		resp.Body = line
		return resp, false, err
	}
	resp.Line = strings.TrimRight(line, "\r\n")
	if fields := strings.Fields(resp.Line); len(fields) > 1 {
		resp.Status, _ = strconv.Atoi(fields[1]) // what is no number differs as text
	}
	header := textproto.MIMEHeader{}
	for {
		line, err := s.reader.ReadString('\n')
		if err != nil {
			return resp, false, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		header.Add(name, strings.TrimSpace(value))
		framing := strings.EqualFold(name, "Transfer-Encoding") || strings.EqualFold(name, "Content-Length")
		if !strings.EqualFold(name, "Date") && !(framing && r.Method == http.MethodHead) { // net/http frames no answer to HEAD
			resp.Headers = append(resp.Headers, name+": "+strings.TrimSpace(value))
		}
	}
	last := strings.EqualFold(header.Get("Connection"), "close")
	var body []byte
	switch {
	case r.Method == http.MethodHead, resp.Status == http.StatusNoContent, resp.Status == http.StatusNotModified:
	case strings.EqualFold(header.Get("Transfer-Encoding"), "chunked"):
		body, err = s.chunks()
	case r.closes():
		body, err = io.ReadAll(s.reader)
	case header.Get("Content-Length") != "":
		n, _ := strconv.Atoi(header.Get("Content-Length")) // a wrong length is sent to requests that close only
		body = make([]byte, n)
		n, err = io.ReadFull(s.reader, body)
		body = body[:n]
	default:
		last = true
		body, err = io.ReadAll(s.reader)
	}
	resp.Body = plain(body, header.Get("Content-Encoding"))
	return resp, !last && !r.closes(), err
}

func (r Request) closes() bool {
	for _, h := range r.Headers {
		if strings.EqualFold(h[0], "Connection") && strings.EqualFold(h[1], "close") {
			return true
		}
	}
	return false
}

// chunks reads a chunked body to its end.
func (s *Server) chunks() ([]byte, error) {
	var body []byte
	for {
		line, err := s.reader.ReadString('\n')
		if err != nil {
			return append(body, line...), err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil { // a fault: all that follows is garbage up to the end
			rest, err := io.ReadAll(s.reader)
			return append(append(body, line...), rest...), errors.Join(err, io.ErrUnexpectedEOF)
		}
		chunk := make([]byte, size+2)
		n, err := io.ReadFull(s.reader, chunk)
		if err != nil {
			return append(body, chunk[:n]...), err
		}
		if size == 0 {
			return body, nil
		}
		body = append(body, chunk[:size]...)
	}
}

// plain undoes gzip: two implementations of it write different bytes.
func plain(body []byte, encoding string) string {
	if encoding != "gzip" {
		return string(body)
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return string(body)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return string(body)
	}
	return string(text)
}
