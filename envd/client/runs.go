package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

// SubmitRun submits a run and returns at once; the run may have to wait in the queue.
func (c *Client) SubmitRun(ctx context.Context, s Spec) (v1.Run, error) {
	if s.Upload {
		return upload[v1.Run](ctx, c, "/v1/runs", s, nil)
	}
	return post[v1.Run](ctx, c, "/v1/runs", v1.RunRequest{Spec: s.Path, Runtime: s.Runtime})
}

// Runs lists the runs, the newest first.
func (c *Client) Runs(ctx context.Context) ([]v1.Run, error) {
	list, err := get[v1.RunList](ctx, c, "/v1/runs")
	return list.Runs, err
}

// Run returns one run.
func (c *Client) Run(ctx context.Context, id string) (v1.Run, error) {
	return get[v1.Run](ctx, c, "/v1/runs/"+url.PathEscape(id))
}

// Cancel takes a run off the queue, or asks it to tear down and end. It returns before that is done.
func (c *Client) Cancel(ctx context.Context, id string) (v1.Run, error) {
	return call[v1.Run](ctx, c, request{method: http.MethodPost, path: "/v1/runs/" + url.PathEscape(id) + "/cancel"})
}

// Verdict returns a run's verdict, and v1.ErrNotFound as long as there is none.
func (c *Client) Verdict(ctx context.Context, id string) (envd.Verdict, error) {
	return get[envd.Verdict](ctx, c, "/v1/runs/"+url.PathEscape(id)+"/verdict")
}

// Files lists the files in a run's directory.
func (c *Client) Files(ctx context.Context, id string) ([]v1.File, error) {
	list, err := get[v1.FileList](ctx, c, "/v1/runs/"+url.PathEscape(id)+"/files")
	return list.Files, err
}

// File opens a file of a run's directory, such as report.html or logs/api.log.
func (c *Client) File(ctx context.Context, id, name string) (io.ReadCloser, error) {
	resp, err := c.send(ctx, request{method: http.MethodGet, path: "/v1/runs/" + url.PathEscape(id) + "/files/" + name})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// How often and how soon Follow reconnects.
const (
	mostRetries = 60
	retryDelay  = time.Second
)

// Follow calls each for every observation of a run, from the first on, until the run has ended, and returns the run as it
// ended. If the connection breaks, because the daemon is restarted for example, it continues where it stopped. An error of
// each ends it.
func (c *Client) Follow(ctx context.Context, id string, each func(envd.Observation) error) (v1.Run, error) {
	f := follower{client: c, id: id, each: each}
	for retries := 0; ; retries++ {
		before := f.last
		err := f.stream(ctx)
		if f.ended || err == nil || !f.broken || ctx.Err() != nil {
			return f.run, err
		}
		if f.last != before {
			retries = 0
		}
		if retries == mostRetries {
			return f.run, fmt.Errorf("after %d attempts: %w", retries, err)
		}
		select {
		case <-ctx.Done():
			return f.run, ctx.Err()
		case <-time.After(retryDelay):
		}
	}
}

// follower is one Follow: where it is and how it ended.
type follower struct {
	client *Client
	id     string
	each   func(envd.Observation) error
	last   string // ID of the last event
	run    v1.Run
	ended  bool
	broken bool // the stream ended before the run; worth another attempt
}

func (f *follower) stream(ctx context.Context) error {
	f.broken = true
	header := http.Header{"Accept": {"text/event-stream"}}
	if f.last != "" {
		header.Set("Last-Event-ID", f.last)
	}
	resp, err := f.client.send(ctx, request{method: http.MethodGet, path: "/v1/runs/" + url.PathEscape(f.id) + "/events", header: header})
	if err != nil {
		var refused *v1.Error
		f.broken = !errors.As(err, &refused) || refused.Code == v1.Unavailable
		return err
	}
	err = readEvents(resp.Body, f.take)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && !f.ended {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (f *follower) take(e event) error {
	switch e.name {
	case v1.EventObservation:
		var o envd.Observation
		if err := json.Unmarshal(e.data, &o); err != nil {
			return err
		}
		if err := f.each(o); err != nil {
			f.broken = false
			return err
		}
		f.last = e.id
	case v1.EventEnd:
		f.ended = true
		return json.Unmarshal(e.data, &f.run)
	}
	return nil
}

// LocalPath reports whether the server is this host, so that paths mean the same to both.
func (c *Client) LocalPath() bool {
	host := c.base.Hostname()
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}
