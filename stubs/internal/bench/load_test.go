//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// request is what is asked, again and again, and the status that it must be answered with.
type request struct {
	method, target, body string
	status               int
}

const connections = 8

// load asks for a time on several connections and returns the number of answers.
func load(b *testing.B, addr string, r request, d time.Duration) int {
	if wrk, err := exec.LookPath("wrk"); err == nil {
		return loadWrk(b, wrk, addr, r, d)
	}
	var answered atomic.Int64
	var running sync.WaitGroup
	end := time.Now().Add(d)
	errs := make([]error, connections)
	for i := range errs {
		running.Go(func() {
			errs[i] = func() error {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					return err
				}
				defer c.Close()
				for client := newClient(c); time.Now().Before(end); answered.Add(1) {
					if err := client.do(r); err != nil {
						return err
					}
				}
				return nil
			}()
		})
	}
	running.Wait()
	require.NoError(b, errors.Join(errs...))
	return int(answered.Load())
}

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in`)
	wrkFailed   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

func loadWrk(b *testing.B, wrk, addr string, r request, d time.Duration) int {
	script := filepath.Join(b.TempDir(), "request.lua")
	lua := fmt.Sprintf("wrk.method = %q\n", r.method)
	if r.body != "" {
		lua += fmt.Sprintf("wrk.body = [==[%s]==]\nwrk.headers[\"Content-Type\"] = \"application/json\"\n", r.body)
	}
	require.NoError(b, os.WriteFile(script, []byte(lua), 0o600))
	seconds := strconv.Itoa(max(1, int(d.Seconds())))
	out, err := exec.Command(wrk, "-t1", "-c", strconv.Itoa(connections), "-d", seconds+"s", "-s", script,
		"http://"+addr+r.target).CombinedOutput()
	require.NoError(b, err, "%s", out)
	number := func(re *regexp.Regexp) int {
		m := re.FindSubmatch(out)
		if m == nil {
			return 0
		}
		n, err := strconv.Atoi(string(m[1]))
		require.NoError(b, err)
		return n
	}
	n, failed := number(wrkRequests), number(wrkFailed)
	require.Positive(b, n, "%s", out)
	if r.status < 400 {
		require.Zero(b, failed, "%s", out)
	} else {
		require.Equal(b, n, failed, "%s", out)
	}
	return n
}

// client asks on one connection, one request after the other.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	out  bytes.Buffer
}

func newClient(c net.Conn) *client { return &client{conn: c, in: bufio.NewReader(c)} }

func (c *client) do(r request) error {
	c.out.Reset()
	fmt.Fprintf(&c.out, "%s %s HTTP/1.1\r\nHost: localhost\r\n", r.method, r.target)
	if r.body != "" {
		fmt.Fprintf(&c.out, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(r.body))
	}
	c.out.WriteString("\r\n" + r.body)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != r.status {
		return fmt.Errorf("%s %s: %s", r.method, r.target, resp.Status)
	}
	return nil
}

// pace asks at a rate, whether or not earlier answers have come, and returns how long each took.
func pace(b *testing.B, addr string, r request, perSecond int, d time.Duration) []time.Duration {
	took := make([]time.Duration, int(d.Seconds()*float64(perSecond)))
	errs := make([]error, len(took))
	idle := make(chan *client, 4096)
	var running sync.WaitGroup
	began := time.Now()
	for i := range took {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
		running.Go(func() {
			var c *client
			select {
			case c = <-idle:
			default:
				conn, err := net.Dial("tcp", addr)
				if errs[i] = err; err != nil {
					return
				}
				c = newClient(conn)
			}
			asked := time.Now()
			errs[i] = c.do(r)
			took[i] = time.Since(asked)
			idle <- c
		})
	}
	running.Wait()
	for len(idle) > 0 {
		(<-idle).conn.Close()
	}
	require.NoError(b, errors.Join(errs...))
	return took
}
