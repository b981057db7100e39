package gateway

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
	"time"

	"github.com/envd-dev/envd/chaos"
)

// Client speaks to one environment's gateway, from wherever dial reaches it.
type Client struct {
	http  *http.Client
	token string
}

// NewClient returns a client that reaches the gateway's control API through dial.
func NewClient(dial func(context.Context) (net.Conn, error), token string) *Client {
	transport := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		MaxIdleConns:    4,
		IdleConnTimeout: time.Minute,
	}
	return &Client{http: &http.Client{Transport: transport}, token: token}
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Claim gives a new gateway its environment's configuration and token.
func (c *Client) Claim(ctx context.Context, config EnvironmentConfig) error {
	config.Token = c.token
	return c.call(ctx, http.MethodPut, "/v1/environment", config, nil)
}

// PutStub starts a stub, or replaces the one of the same host.
func (c *Client) PutStub(ctx context.Context, host string, config StubConfig) error {
	return c.call(ctx, http.MethodPut, stubPath(host), config, nil)
}

// Report returns a summary of what happened so far.
func (c *Client) Report(ctx context.Context) (Report, error) {
	var r Report
	return r, c.call(ctx, http.MethodGet, "/v1/report", nil, &r)
}

// Metrics returns those of all stubs in Prometheus' text format; the label stub holds the hostname.
func (c *Client) Metrics(ctx context.Context) ([]byte, error) {
	resp, err := c.do(ctx, http.MethodGet, "/v1/metrics", nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Served calls each for every request that stubs answer, until [Client.EndServed], ctx or the gateway ends it. ready is
// called once the stream is open: from then on no request is missed.
func (c *Client) Served(ctx context.Context, ready func(), each func(Served)) error {
	resp, err := c.do(ctx, http.MethodGet, "/v1/served", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	ready()
	d := json.NewDecoder(resp.Body)
	for {
		var s Served
		if err := d.Decode(&s); err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("stub journal: %w", err)
		}
		each(s)
	}
}

// EndServed ends the streams of [Client.Served] after the requests that were served before.
func (c *Client) EndServed(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "/v1/served", nil, nil)
}

// Admin carries a request to a stub's WireMock admin API; r.URL.Path begins with /__admin.
func (c *Client) Admin(host string, w http.ResponseWriter, r *http.Request) {
	target := stubPath(host) + r.URL.Path
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		_ = writeJSON(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	req, err := c.request(r.Context(), r.Method, target, body)
	if err != nil {
		_ = writeJSON(w, http.StatusBadRequest, problem{err.Error()})
		return
	}
	req.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	resp, err := c.http.Do(req)
	if err != nil {
		_ = writeJSON(w, http.StatusBadGateway, problem{err.Error()})
		return
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body) // fails only if the caller has gone
}

// PutLink opens a link; target is "consumer -> dependency".
func (c *Client) PutLink(ctx context.Context, target string, config LinkConfig) error {
	return c.call(ctx, http.MethodPut, linkPath(target), config, nil)
}

// Stubs controls the faults on stubs, by hostname.
func (c *Client) Stubs() chaos.Control[chaos.StubFault] {
	return faults[chaos.StubFault]{c, stubPath}
}

// Links controls the faults on links, by "consumer -> dependency", or "a <-> b" for both ways.
func (c *Client) Links() chaos.Control[chaos.LinkFault] {
	return faults[chaos.LinkFault]{c, linkPath}
}

func stubPath(host string) string   { return "/v1/stubs/" + url.PathEscape(host) }
func linkPath(target string) string { return "/v1/links/" + url.PathEscape(target) }

// faults controls the faults of one sort of target.
type faults[F any] struct {
	*Client
	of func(target string) string
}

func (f faults[F]) path(target, id string) string {
	return f.of(target) + "/faults/" + url.PathEscape(id)
}

func (f faults[F]) SetFault(ctx context.Context, target, id string, fault F, lease time.Duration) error {
	return f.call(ctx, http.MethodPut, f.path(target, id), FaultConfig[F]{fault, lease}, nil)
}

func (f faults[F]) RenewFault(ctx context.Context, target, id string, lease time.Duration) error {
	return f.call(ctx, http.MethodPost, f.path(target, id)+"/renew", FaultConfig[F]{Lease: lease}, nil)
}

func (f faults[F]) AwaitFault(ctx context.Context, target, id string) (e chaos.Effect, err error) {
	return e, f.call(ctx, http.MethodGet, f.path(target, id)+"/effect", nil, &e)
}

func (f faults[F]) ClearFault(ctx context.Context, target, id string, _ F) (e chaos.Effect, err error) {
	return e, f.call(ctx, http.MethodDelete, f.path(target, id), nil, &e)
}

// call sends in as JSON and reads out from the answer.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	resp, err := c.do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			return fmt.Errorf("gateway: %s %s: %w", method, path, err)
		}
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	return req, nil
}

// do returns the answer with its body open. An answer of 400 or more becomes an error.
func (c *Client) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer resp.Body.Close()
	var p problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		p.Error = resp.Status
	}
	if resp.StatusCode == http.StatusGone {
		return nil, chaos.ErrGone
	}
	return nil, errors.New(p.Error)
}
