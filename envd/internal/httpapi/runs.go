package httpapi

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/store"
)

func (a *api) postRun(c *gin.Context) {
	r, err := a.submit(c, store.Run)
	if err != nil {
		a.fail(c, err)
		return
	}
	if c.Request.Context().Err() != nil { // the caller has left, and would never learn the ID
		if err := a.Dispatcher.End(context.WithoutCancel(c.Request.Context()), r.ID); err != nil {
			a.Log.Warn("cannot end a run that nobody waits for", "id", r.ID, "error", err)
		}
		return
	}
	c.Header("Location", "/v1/runs/"+r.ID)
	c.JSON(http.StatusAccepted, runView(r))
}

func (a *api) listRuns(c *gin.Context) {
	all, err := a.list(c, store.Run)
	if err != nil {
		a.fail(c, err)
		return
	}
	list := v1.RunList{Runs: []v1.Run{}}
	for _, r := range all {
		list.Runs = append(list.Runs, runView(r))
	}
	c.JSON(http.StatusOK, list)
}

func (a *api) list(c *gin.Context, kind store.Kind) ([]store.Record, error) {
	limit, err := strconv.Atoi(c.DefaultQuery("limit", "100"))
	if err != nil || limit < 1 || limit > 10_000 {
		return nil, badRequest("?limit= must be a number from 1 to 10000")
	}
	return a.Store.List(c.Request.Context(), kind, limit)
}

// record finds the record that the path names. If there is none, it answers the request.
func (a *api) record(c *gin.Context, kind store.Kind) (store.Record, bool) {
	r, err := a.Dispatcher.Get(c.Request.Context(), kind, c.Param("id"))
	if err != nil {
		a.fail(c, err)
	}
	return r, err == nil
}

func (a *api) getRun(c *gin.Context) {
	if r, ok := a.record(c, store.Run); ok {
		c.JSON(http.StatusOK, runView(r))
	}
}

func (a *api) postCancel(c *gin.Context) {
	r, ok := a.record(c, store.Run)
	if !ok {
		return
	}
	if err := a.Dispatcher.End(c.Request.Context(), r.ID); err != nil {
		a.fail(c, err)
		return
	}
	if r, ok = a.record(c, store.Run); ok {
		c.JSON(http.StatusAccepted, runView(r))
	}
}

func (a *api) getVerdict(c *gin.Context) {
	r, ok := a.record(c, store.Run)
	if !ok {
		return
	}
	b, err := os.ReadFile(filepath.Join(r.Dir, evidence.VerdictFile))
	if errors.Is(err, fs.ErrNotExist) {
		refuse(c, &v1.Error{Code: v1.NotFound, Message: "no verdict on " + r.ID + ": it is " + string(r.Status)})
		return
	}
	if err != nil {
		a.fail(c, err)
		return
	}
	c.Data(http.StatusOK, "application/json", b)
}

func (a *api) listFiles(c *gin.Context) {
	r, ok := a.record(c, store.Run)
	if !ok {
		return
	}
	list := v1.FileList{Files: []v1.File{}}
	err := fs.WalkDir(os.DirFS(r.Dir), ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil // the run is under way: files come and go
		}
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil {
			list.Files = append(list.Files, v1.File{Name: name, Size: info.Size()})
		}
		return nil
	})
	if err != nil {
		a.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, list)
}

func (a *api) getFile(c *gin.Context) {
	if r, ok := a.record(c, store.Run); ok {
		a.serveFile(c, r, strings.TrimPrefix(c.Param("name"), "/"))
	}
}

// serveFile serves a regular file of a run directory, and nothing outside, whatever links the directory holds. A file may
// have been written by a service under test, so browsers are told to run no scripts in it and load nothing for it.
func (a *api) serveFile(c *gin.Context, r store.Record, name string) {
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		a.fail(c, err)
		return
	}
	defer root.Close() // only names the directory
	f, err := root.Open(path.Clean(name))
	if err != nil {
		refuse(c, &v1.Error{Code: v1.NotFound, Message: "no file " + name + " in " + r.ID})
		return
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		refuse(c, &v1.Error{Code: v1.NotFound, Message: name + " is not a file"})
		return
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	c.Header("Content-Type", mediaType(name))
	c.Header("Content-Length", strconv.FormatInt(info.Size(), 10))
	c.Status(http.StatusOK)
	_, _ = io.CopyN(c.Writer, f, info.Size()) // fails only if the reader has left
}

// mediaType returns the media type of a file in a run directory. Everything but envd's own documents is plain text.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".json":
		return "application/json"
	case ".ndjson":
		return "application/x-ndjson"
	}
	return "text/plain; charset=utf-8"
}
