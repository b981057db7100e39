package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/dispatch"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/execstream"
	"github.com/envd-dev/envd/envd/internal/store"
)

// postExec streams both ways between the client and the runner.
func (a *api) postExec(c *gin.Context) {
	r, ok := a.record(c, store.Up)
	if !ok {
		return
	}
	defer execstream.Serve(c.Writer, c.Request.Body)()
	a.relay(c, r, "/v1/exec", func(resp *http.Response) error {
		if resp.StatusCode < 400 {
			return nil
		}
		return rewriteError(resp)
	})
}

func (a *api) stubAdmin(c *gin.Context) {
	r, ok := a.record(c, store.Up)
	if !ok {
		return
	}
	path := c.Param("admin")
	if path != "/__admin" && !strings.HasPrefix(path, "/__admin/") {
		refuse(c, &v1.Error{Code: v1.NotFound, Message: "a stub's admin API is below /__admin"})
		return
	}
	a.relay(c, r, "/v1/stubs/"+c.Param("host")+path, nil)
}

// relay hands the request to the runner's control API.
func (a *api) relay(c *gin.Context, r store.Record, path string, modify func(*http.Response) error) {
	address, err := a.Dispatcher.ControlAddress(r)
	if err != nil {
		a.fail(c, err)
		return
	}
	network, socket, _ := strings.Cut(address, ":")
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, socket)
		},
		DisableCompression: true,
	}
	defer transport.CloseIdleConnections()
	proxy := &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ModifyResponse: modify,
		ErrorLog: log.New(io.Discard, "", 0), // callers leave when they have seen what they wait for; ErrorHandler tells of the rest
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL = &url.URL{Scheme: "http", Host: "runner", Path: path, RawQuery: p.In.URL.RawQuery}
			p.Out.Header.Del("Authorization")
			p.Out.Header.Del("Cookie")
			p.Out.Header.Del("Expect") // the caller was told to go on when its body was asked for
		},
		ErrorHandler: func(_ http.ResponseWriter, req *http.Request, err error) {
			if req.Context().Err() == nil {
				refuse(c, &v1.Error{Code: v1.Unavailable, Message: "the runner of " + r.ID + " does not answer: " + err.Error()})
			}
		},
	}
	proxy.ServeHTTP(c.Writer, c.Request)
}

// rewriteError gives a runner's error the API's own form.
func rewriteError(resp *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, mostJSON))
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	var said struct{ Error string }
	if json.Unmarshal(b, &said) != nil || said.Error == "" {
		said.Error = resp.Status
	}
	code := v1.Internal
	switch resp.StatusCode {
	case http.StatusNotFound:
		code = v1.NotFound
	case http.StatusBadRequest:
		code = v1.BadRequest
	}
	if b, err = json.Marshal(v1.ErrorBody{Error: v1.Error{Code: code, Message: said.Error}}); err != nil {
		return err
	}
	resp.StatusCode, resp.Status = code.HTTPStatus(), ""
	resp.Body = io.NopCloser(bytes.NewReader(b))
	resp.Header = http.Header{"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(b))}}
	resp.ContentLength = int64(len(b))
	return nil
}

// getLogs reads a service's log from the runner, or from the run directory once the environment has ended.
func (a *api) getLogs(c *gin.Context) {
	r, ok := a.record(c, store.Up)
	if !ok {
		return
	}
	service := c.Query("service")
	if service == "" || strings.ContainsAny(service, `/\`) {
		refuse(c, badRequest("name the service: ?service=NAME"))
		return
	}
	if r.Status.Ended() {
		a.serveFile(c, r, evidence.LogsDir+"/"+service+".log")
		return
	}
	if err := a.knows(c.Request.Context(), r, service); err != nil {
		a.fail(c, err)
		return
	}
	control, err := a.Dispatcher.Control(r)
	if err != nil {
		a.fail(c, err)
		return
	}
	defer control.Close()
	if c.Query("follow") != "true" {
		c.Header("Content-Type", "text/plain; charset=utf-8")
		err = control.Logs(c.Request.Context(), service, false, c.Writer)
	} else {
		s := newStream(c)
		lines := &lineEvents{stream: s}
		err = control.Logs(untilStopping(c.Request.Context(), a.Dispatcher), service, true, lines)
	}
	if err != nil && !c.Writer.Written() {
		a.fail(c, err)
	}
}

// knows reports whether an environment has a service.
func (a *api) knows(ctx context.Context, r store.Record, service string) error {
	v := a.environmentDetail(ctx, r)
	if _, ok := v.Services[service]; ok || v.Services == nil {
		return nil
	}
	return &v1.Error{Code: v1.NotFound, Message: r.ID + " has no service " + service}
}

// untilStopping ends when the request does, or when the daemon begins to stop.
func untilStopping(ctx context.Context, d *dispatch.Dispatcher) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-d.Stopping():
		case <-ctx.Done():
		}
		cancel()
	}()
	return ctx
}
