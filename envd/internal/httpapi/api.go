// Package httpapi is the HTTP API of the daemon. It is the only package that knows gin: routes, authentication and the
// translation between wire documents and the dispatcher. What it serves is described by its own OpenAPI document, which
// is made from the same table as the routes.
package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/bundle"
	"github.com/envd-dev/envd/envd/internal/dispatch"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/internal/store"
	"github.com/envd-dev/envd/envd/spec"
)

// Config holds all that the API needs.
type Config struct {
	Dispatcher *dispatch.Dispatcher
	Store      *store.Store
	Token      string // to be sent with every request; empty: no authentication
	BundleDir  string // where uploaded specs are unpacked
	Limits     bundle.Limits
	Version    string
	Log        *slog.Logger
}

type api struct {
	Config
	openAPI []byte
}

// New returns the API's handler.
func New(cfg Config) (http.Handler, error) {
	engine, err := newEngine(cfg)
	if err != nil {
		return nil, err
	}
	return engine, nil
}

func newEngine(cfg Config) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode) // gin has this switch for the whole process only
	a := &api{Config: cfg}
	routes := a.routes()
	var err error
	if a.openAPI, err = describe(routes, cfg.Version); err != nil {
		return nil, err
	}
	e := gin.New()
	e.UseRawPath, e.UnescapePathValues = true, true
	e.RedirectTrailingSlash = false
	e.HandleMethodNotAllowed = true
	e.Use(a.recovered, secured)
	e.NoRoute(func(c *gin.Context) {
		refuse(c, &v1.Error{Code: v1.NotFound, Message: "no such path: " + c.Request.URL.Path})
	})
	e.NoMethod(func(c *gin.Context) {
		c.AbortWithStatusJSON(http.StatusMethodNotAllowed, v1.ErrorBody{Error: v1.Error{
			Code: v1.BadRequest, Message: c.Request.Method + " is not possible here"}})
	})
	for _, r := range routes {
		handlers := []gin.HandlerFunc{r.handler}
		if !r.open {
			handlers = []gin.HandlerFunc{a.authenticated, r.handler}
		}
		for _, method := range r.methods {
			e.Handle(method, r.path, handlers...)
		}
	}
	return e, nil
}

// recovered turns a panic into an answer of 500, and keeps the daemon alive.
func (a *api) recovered(c *gin.Context) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case p == http.ErrAbortHandler: //nolint:errorlint // net/http compares it the same way
			panic(p)
		default:
			a.Log.Error("a request panicked", "method", c.Request.Method, "path", c.Request.URL.Path, "panic", p, "stack", string(debug.Stack()))
			refuse(c, &v1.Error{Code: v1.Internal, Message: "internal error; the daemon's log has the details"})
		}
	}()
	c.Next()
}

// secured sets headers that keep browsers from doing more with an answer than showing it.
func secured(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// refuse answers with an error and its status.
func refuse(c *gin.Context, e *v1.Error) {
	if c.Writer.Written() {
		c.Abort()
		return
	}
	b, err := json.Marshal(v1.ErrorBody{Error: *e})
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.Abort()
	c.Header("Content-Length", strconv.Itoa(len(b))) // so that a caller still sending its request knows the answer's end
	c.Data(e.Code.HTTPStatus(), "application/json; charset=utf-8", b)
}

// fail answers with whatever went wrong.
func (a *api) fail(c *gin.Context, err error) {
	e := wireError(err)
	if e.Code == v1.Internal {
		a.Log.Error("a request failed", "method", c.Request.Method, "path", c.Request.URL.Path, "error", err)
	}
	refuse(c, e)
}

// wireError finds the code for an error.
func wireError(err error) *v1.Error {
	var known *v1.Error
	var mistakes spec.Diagnostics
	var tooLarge *http.MaxBytesError
	code := v1.Internal
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &mistakes):
		e := &v1.Error{Code: v1.BadSpec, Message: "the spec has mistakes"}
		for _, d := range mistakes {
			e.Detail = append(e.Detail, v1.Diagnostic(d))
		}
		return e
	case errors.Is(err, store.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		code = v1.NotFound
	case errors.Is(err, dispatch.ErrEnded), errors.Is(err, dispatch.ErrNotReady):
		code = v1.Conflict
	case errors.Is(err, dispatch.ErrTooMany):
		code = v1.TooMany
	case errors.Is(err, bundle.ErrTooLarge), errors.As(err, &tooLarge):
		code = v1.TooLarge
	case errors.Is(err, bundle.ErrRefused):
		code = v1.BadRequest
	case errors.Is(err, runner.ErrGone), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		code = v1.Unavailable
	}
	return &v1.Error{Code: code, Message: err.Error()}
}

func badRequest(message string) *v1.Error { return &v1.Error{Code: v1.BadRequest, Message: message} }

// timeout bounds requests to a runner that should be answered at once.
const runnerTimeout = 5 * time.Second
