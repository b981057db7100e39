package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/bundle"
	"github.com/envd-dev/envd/envd/internal/dispatch"
	"github.com/envd-dev/envd/envd/internal/store"
	"github.com/envd-dev/envd/envd/spec"
)

// mostJSON bounds a JSON body.
const mostJSON = 1 << 20

// submit submits the spec that the request names or contains.
func (a *api) submit(c *gin.Context, kind store.Kind) (store.Record, error) {
	s, err := a.submission(c)
	if err != nil {
		return store.Record{}, err
	}
	s.Kind = kind
	r, err := a.Dispatcher.Submit(c.Request.Context(), s)
	if err != nil && s.Bundle != "" {
		err = errors.Join(asPacked(s.Bundle, err), os.RemoveAll(s.Bundle))
	}
	return r, err
}

// asPacked rewrites file names in a spec's mistakes to the paths in the archive that was unpacked in dir.
func asPacked(dir string, err error) error {
	var mistakes spec.Diagnostics
	if !errors.As(err, &mistakes) {
		return err
	}
	for i := range mistakes {
		mistakes[i].File = strings.TrimPrefix(mistakes[i].File, dir+string(filepath.Separator))
	}
	return mistakes
}

func (a *api) submission(c *gin.Context) (dispatch.Submission, error) {
	media, _, err := mime.ParseMediaType(c.ContentType())
	if err != nil {
		return dispatch.Submission{}, badRequest("say what the body is: Content-Type: application/json, application/x-tar or application/gzip")
	}
	switch media {
	case "application/json":
		return named(c)
	case "application/x-tar", "application/gzip", "application/x-gzip":
		return a.uploaded(c)
	}
	return dispatch.Submission{}, badRequest("a body of type " + media + " is not understood: send application/json, application/x-tar or application/gzip")
}

// named is a spec by its path on this host.
func named(c *gin.Context) (dispatch.Submission, error) {
	var r v1.EnvironmentRequest // a RunRequest plus a lease, which runs ignore
	if err := decode(c, &r); err != nil {
		return dispatch.Submission{}, err
	}
	if !filepath.IsAbs(r.Spec) {
		return dispatch.Submission{}, badRequest(`"spec" must be an absolute path on the daemon's host; send an archive where it has none`)
	}
	if r.TTL < 0 {
		return dispatch.Submission{}, badRequest(`"ttl" cannot be negative`)
	}
	return dispatch.Submission{Spec: r.Spec, Runtime: r.Runtime, TTL: r.TTL.Std()}, nil
}

// uploaded unpacks an archive, which the dispatcher removes after the end of the run.
func (a *api) uploaded(c *gin.Context) (s dispatch.Submission, err error) {
	name := c.Query("spec")
	if !filepath.IsLocal(name) {
		return s, badRequest(`name the spec's path in the archive: ?spec=envd.yaml`)
	}
	var ttl time.Duration
	if text := c.Query("ttl"); text != "" {
		if ttl, err = envd.ParseDuration(text); err != nil {
			return s, badRequest("?ttl=" + text + ": " + err.Error())
		}
		if ttl < 0 {
			return s, badRequest("?ttl=" + text + " cannot be negative")
		}
	}
	dir, err := os.MkdirTemp(a.BundleDir, "spec-*")
	if err != nil {
		return s, err
	}
	body := http.MaxBytesReader(c.Writer, c.Request.Body, a.Limits.Bytes)
	if err := bundle.Unpack(body, dir, a.Limits); err != nil {
		return s, errors.Join(err, os.RemoveAll(dir))
	}
	return dispatch.Submission{Spec: filepath.Join(dir, name), Bundle: dir, Runtime: c.Query("runtime"), TTL: ttl}, nil
}

// decode reads a JSON body strictly.
func decode(c *gin.Context, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(c.Writer, c.Request.Body, mostJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return badRequest("the body is not what is wanted here: " + err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badRequest("something follows the JSON document")
	}
	return nil
}
