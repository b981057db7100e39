// Package client is the Go SDK of `envd serve`.
//
//	c, err := client.New("http://127.0.0.1:8700", client.WithToken(token))
//	run, err := c.SubmitRun(ctx, client.Spec{Path: "/src/shop/envd.yaml"})
//	run, err = c.Follow(ctx, run.ID, func(o envd.Observation) error { … })
//	verdict, err := c.Verdict(ctx, run.ID)
//
// Every answer of 400 and above becomes a *v1.Error, to be told apart with errors.Is(err, v1.ErrNotFound) and the like. Any
// other error is about the connection: no daemon, a broken connection, the end of ctx.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	v1 "github.com/envd-dev/envd/envd/api/v1"
)

// Client speaks to one daemon. It may be used by many goroutines.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// Option changes a new client.
type Option func(*Client)

// WithToken sets the bearer token.
func WithToken(token string) Option { return func(c *Client) { c.token = strings.TrimSpace(token) } }

// WithHTTPClient replaces http.DefaultClient. Its Timeout must be 0: answers stream.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// New returns a client of the daemon at server, a URL such as http://127.0.0.1:8700.
func New(server string, options ...Option) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(server, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("server %q: want a URL such as http://127.0.0.1:8700", server)
	}
	c := &Client{base: base, http: http.DefaultClient}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// FromEnvironment returns a client configured by ENVD_SERVER and ENVD_TOKEN or ENVD_TOKEN_FILE; nil, nil if ENVD_SERVER is
// not set.
func FromEnvironment() (*Client, error) {
	server := os.Getenv("ENVD_SERVER")
	if server == "" {
		return nil, nil
	}
	token := os.Getenv("ENVD_TOKEN")
	if file := os.Getenv("ENVD_TOKEN_FILE"); token == "" && file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("ENVD_TOKEN_FILE: %w", err)
		}
		token = string(b)
	}
	return New(server, WithToken(token))
}

// Version returns the version of the daemon.
func (c *Client) Version(ctx context.Context) (v1.Version, error) {
	return get[v1.Version](ctx, c, "/v1/version")
}

// request describes one call.
type request struct {
	method, path string
	query        url.Values
	body         io.Reader
	contentType  string
	header       http.Header
}

// send returns a successful answer with its body open.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	target := c.base.String() + r.path // r.path is escaped already
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, r.body)
	if err != nil {
		return nil, err
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("envd daemon: %w", err)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	return nil, refused(resp)
}

// refused reads an answer of 400 and above.
func refused(resp *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	err = errors.Join(err, resp.Body.Close())
	var body v1.ErrorBody
	if json.Unmarshal(b, &body) == nil && body.Error.Code != "" {
		return &body.Error
	}
	return errors.Join(fmt.Errorf("envd daemon: %s: %s", resp.Status, bytes.TrimSpace(b)), err)
}

// call decodes a JSON answer.
func call[T any](ctx context.Context, c *Client, r request) (T, error) {
	var v T
	resp, err := c.send(ctx, r)
	if err != nil {
		return v, err
	}
	err = json.NewDecoder(resp.Body).Decode(&v)
	return v, errors.Join(err, resp.Body.Close())
}

func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	return call[T](ctx, c, request{method: http.MethodGet, path: path})
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	b, err := json.Marshal(body)
	if err != nil {
		var zero T
		return zero, err
	}
	return call[T](ctx, c, request{method: http.MethodPost, path: path, body: bytes.NewReader(b), contentType: "application/json"})
}
