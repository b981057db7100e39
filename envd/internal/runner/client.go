package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/execstream"
)

// ErrGone is returned when no runner answers at the control address: it has ended.
var ErrGone = errors.New("its runner is gone")

// Client speaks to a runner's control API.
type Client struct{ http *http.Client }

// Connect returns a client for the control address of a run.json.
func Connect(address string) *Client {
	network, path, _ := strings.Cut(address, ":")
	return &Client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, path)
		},
	}}}
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// State returns what the runner reports about itself.
func (c *Client) State(ctx context.Context) (State, error) {
	var state State
	resp, err := c.send(ctx, http.MethodGet, "/v1/state", nil)
	if err != nil {
		return state, err
	}
	defer resp.Body.Close()
	return state, json.NewDecoder(resp.Body).Decode(&state)
}

// Down asks the runner to tear down; it returns before that is done.
func (c *Client) Down(ctx context.Context) error {
	resp, err := c.send(ctx, http.MethodPost, "/v1/down", nil)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Renew moves the end of the lease to ttl from now and returns the new end.
func (c *Client) Renew(ctx context.Context, ttl time.Duration) (expires time.Time, err error) {
	b, err := json.Marshal(RenewRequest{envd.Duration(ttl)})
	if err != nil {
		return time.Time{}, err
	}
	resp, err := c.send(ctx, http.MethodPost, "/v1/renew", bytes.NewReader(b))
	if err != nil {
		return time.Time{}, err
	}
	defer resp.Body.Close()
	var answer struct{ Expires time.Time }
	err = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Expires, err
}

// Logs copies a service's log lines to w. With follow it goes on until the service or ctx ends.
func (c *Client) Logs(ctx context.Context, service string, follow bool, w io.Writer) error {
	resp, err := c.send(ctx, http.MethodGet, fmt.Sprintf("/v1/logs?service=%s&follow=%t", url.QueryEscape(service), follow), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// Exec runs a command inside the environment and returns its exit code. stdin may be nil.
func (c *Client) Exec(ctx context.Context, req v1.ExecRequest, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	body, err := execstream.Body(ctx, req, stdin)
	if err != nil {
		return 0, err
	}
	resp, err := c.send(ctx, http.MethodPost, "/v1/exec", body)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	code, err := execstream.Receive(resp.Body, stdout, stderr)
	if errors.Is(err, execstream.ErrCut) {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	}
	return code, err
}

// Admin sends a request to a stub's WireMock admin API; path begins with /__admin.
func (c *Client) Admin(ctx context.Context, method, host, path string, body io.Reader) (*http.Response, error) {
	return c.send(ctx, method, "/v1/stubs/"+url.PathEscape(host)+path, body)
}

// send returns the answer with its body open; an answer of 400 or more is an error.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://runner"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w (%w)", ErrGone, err)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // if this fails, the status has to do
	var p struct{ Error string }
	if json.Unmarshal(b, &p) != nil || p.Error == "" {
		p.Error = resp.Status + ": " + string(b)
	}
	return nil, errors.New(p.Error)
}
