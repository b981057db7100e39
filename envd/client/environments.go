package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/execstream"
)

// Up brings up an environment and returns when it is ready. If ctx ends first, the daemon takes it down again. ttl is its
// lease; 0 is one hour. If it does not come up, the error is v1.ErrEnvironmentFailed, with the reason.
func (c *Client) Up(ctx context.Context, s Spec, ttl time.Duration) (v1.Environment, error) {
	query := url.Values{"wait": {"true"}}
	if s.Upload {
		if ttl > 0 {
			query.Set("ttl", ttl.String())
		}
		return upload[v1.Environment](ctx, c, "/v1/environments", s, query)
	}
	b, err := json.Marshal(v1.EnvironmentRequest{Spec: s.Path, Runtime: s.Runtime, TTL: envd.Duration(ttl)})
	if err != nil {
		return v1.Environment{}, err
	}
	return call[v1.Environment](ctx, c, request{
		method: http.MethodPost, path: "/v1/environments", query: query, body: bytes.NewReader(b), contentType: "application/json",
	})
}

// Environments lists the environments, the newest first, including those that have ended.
func (c *Client) Environments(ctx context.Context) ([]v1.Environment, error) {
	list, err := get[v1.EnvironmentList](ctx, c, "/v1/environments")
	return list.Environments, err
}

// Environment returns one environment, with its services and stubs.
func (c *Client) Environment(ctx context.Context, id string) (v1.Environment, error) {
	return get[v1.Environment](ctx, c, environmentPath(id, ""))
}

// Down tears an environment down and returns when it is gone.
func (c *Client) Down(ctx context.Context, id string) (v1.Environment, error) {
	return call[v1.Environment](ctx, c, request{method: http.MethodDelete, path: environmentPath(id, "")})
}

// Renew moves the end of the lease to ttl from now.
func (c *Client) Renew(ctx context.Context, id string, ttl time.Duration) (expires time.Time, err error) {
	lease, err := post[v1.Lease](ctx, c, environmentPath(id, "/renew"), v1.RenewRequest{TTL: envd.Duration(ttl)})
	return lease.Expires, err
}

// Logs copies a service's log to w, in lines of time, stdout or stderr, and text. With follow it goes on until the service or
// ctx ends; the end of ctx is no error then.
func (c *Client) Logs(ctx context.Context, id, service string, follow bool, w io.Writer) error {
	query := url.Values{"service": {service}}
	if follow {
		query.Set("follow", "true")
	}
	resp, err := c.send(ctx, request{method: http.MethodGet, path: environmentPath(id, "/logs"), query: query})
	if err != nil {
		return err
	}
	if follow {
		err = readEvents(resp.Body, func(e event) error {
			_, err := w.Write(append(e.data, '\n'))
			return err
		})
	} else {
		_, err = io.Copy(w, resp.Body)
	}
	err = errors.Join(err, resp.Body.Close())
	if follow && ctx.Err() != nil {
		return nil
	}
	return err
}

// Exec runs a command inside an environment and returns its exit code. stdin may be nil.
func (c *Client) Exec(ctx context.Context, id string, r v1.ExecRequest, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	body, err := execstream.Body(ctx, r, stdin)
	if err != nil {
		return 0, err
	}
	// Standard input may never end, so the daemon is given the chance to refuse before any is sent.
	early := http.Header{"Expect": {"100-continue"}}
	resp, err := c.send(ctx, request{method: http.MethodPost, path: environmentPath(id, "/exec"), body: body, contentType: "application/json", header: early})
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() // only read from
	return execstream.Receive(resp.Body, stdout, stderr)
}

// StubAdmin sends a request to the WireMock admin API of a stub; path begins with /__admin and may hold a query. The
// caller closes the answer's body.
func (c *Client) StubAdmin(ctx context.Context, id, method, host, path string, body io.Reader) (*http.Response, error) {
	u, err := url.Parse(path)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, request{method: method, path: environmentPath(id, "/stubs/"+url.PathEscape(host)+u.EscapedPath()), query: u.Query(), body: body})
}

func environmentPath(id, rest string) string { return "/v1/environments/" + url.PathEscape(id) + rest }
