package record

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// maxSpec bounds the document of a request to the admin API.
const maxSpec = 16 << 20

// ServeHTTP answers the paths below /__admin/recordings.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	const base = "/__admin/recordings"
	switch req.Method + " " + req.URL.Path {
	case "GET " + base + "/status":
		answer(w, http.StatusOK, jsondoc.Make("status", string(r.Status())))
	case "POST " + base + "/start":
		spec, err := readSpec(req)
		if err == nil {
			err = r.Start(spec)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	case "POST " + base + "/stop":
		r.respond(w, r.Stop)
	case "POST " + base + "/snapshot":
		r.respond(w, func() (*Snapshot, error) {
			if req.ContentLength == 0 {
				return r.Snapshot(mapping.DefaultRecordSpec())
			}
			spec, err := readSpec(req)
			if err != nil {
				return nil, err
			}
			return r.Snapshot(spec)
		})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (r *Recorder) respond(w http.ResponseWriter, make func() (*Snapshot, error)) {
	s, err := make()
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, s.Value())
}

// Value is the snapshot as the admin API shows it.
func (s *Snapshot) Value() any {
	if s.IDsOnly {
		return jsondoc.Make("ids", jsondoc.List(s.Stubs, func(m *mapping.StubMapping) any { return m.ID }))
	}
	return jsondoc.Make("mappings", jsondoc.List(s.Stubs, func(m *mapping.StubMapping) any { return m.Value() }))
}

func readSpec(req *http.Request) (*mapping.RecordSpec, error) {
	data, err := io.ReadAll(http.MaxBytesReader(nil, req.Body, maxSpec))
	if err == nil && string(bytes.TrimSpace(data)) == "null" {
		err = errors.New("the recording's spec is null")
	}
	if err != nil {
		return nil, err
	}
	return mapping.ParseRecordSpec(data)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(jsondoc.AppendPretty(nil, v)) // the client may be gone
}

// refuse answers with an error in WireMock's shape.
func refuse(w http.ResponseWriter, err error) {
	if errors.Is(err, ErrNotRecording) {
		answer(w, http.StatusBadRequest, (&mapping.Error{Code: 30, Title: "Not currently recording."}).Value())
		return
	}
	e, ok := errors.AsType[*mapping.Error](err)
	if !ok {
		answer(w, http.StatusInternalServerError, (&mapping.Error{Code: 50, Title: err.Error()}).Value())
		return
	}
	answer(w, http.StatusUnprocessableEntity, e.Value())
}
