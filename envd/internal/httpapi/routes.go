package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/execstream"
)

// route is one path with its description for the OpenAPI document.
type route struct {
	methods []string
	path    string // gin's notation
	summary string
	handler gin.HandlerFunc
	open    bool // no token needed
	query   []parameter
	request any    // a value of the body's type
	upload  bool   // the body may be an archive instead
	status  int    // of success
	answer  any    // a value of the answer's type; nil with media: not JSON
	media   string // of the answer where it is not application/json
	page    bool   // for people, left out of the document
}

type parameter struct{ name, about string }

const (
	eventStream = "text/event-stream"
	plainText   = "text/plain"
	anything    = "*/*"
)

func (a *api) routes() []route {
	get, post, del := []string{http.MethodGet}, []string{http.MethodPost}, []string{http.MethodDelete}
	admin := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	spec := []parameter{{"spec", "path of the spec in the archive; only with an archive"}, {"runtime", "instead of the spec's; only with an archive"}}
	wait := parameter{"wait", "true: answer when the environment is ready, or has failed"}
	return []route{
		{methods: get, path: "/healthz", summary: "Whether the daemon serves", handler: a.getHealth, open: true, status: 200, answer: map[string]string{}},
		{methods: get, path: "/openapi.json", summary: "This document", handler: a.getOpenAPI, open: true, status: 200, answer: map[string]any{}},
		{methods: get, path: "/v1/version", summary: "Which envd serves", handler: a.getVersion, status: 200, answer: v1.Version{}},
		{methods: get, path: "/v1/events", summary: "Every change of a run or an environment as it happens", handler: a.getChanges,
			query: []parameter{{"after", "go on after this event"}}, status: 200, media: eventStream},

		{methods: post, path: "/v1/runs", summary: "Submit a run", handler: a.postRun, query: spec, request: v1.RunRequest{}, upload: true, status: 202, answer: v1.Run{}},
		{methods: get, path: "/v1/runs", summary: "List the runs, the newest first", handler: a.listRuns, query: []parameter{{"limit", "at most so many; 100"}}, status: 200, answer: v1.RunList{}},
		{methods: get, path: "/v1/runs/:id", summary: "A run", handler: a.getRun, status: 200, answer: v1.Run{}},
		{methods: get, path: "/v1/runs/:id/events", summary: "What a run observes, from its beginning to its end; Last-Event-ID resumes", handler: a.getRunEvents, status: 200, media: eventStream},
		{methods: get, path: "/v1/runs/:id/verdict", summary: "The verdict on a run", handler: a.getVerdict, status: 200, answer: envd.Verdict{}},
		{methods: get, path: "/v1/runs/:id/files", summary: "List the files of a run directory", handler: a.listFiles, status: 200, answer: v1.FileList{}},
		{methods: get, path: "/v1/runs/:id/files/*name", summary: "A file of a run directory", handler: a.getFile, status: 200, media: anything},
		{methods: post, path: "/v1/runs/:id/cancel", summary: "Take a run off the queue, or make it tear down and end", handler: a.postCancel, status: 202, answer: v1.Run{}},

		{methods: post, path: "/v1/environments", summary: "Bring an environment up", handler: a.postEnvironment, query: append([]parameter{wait, {"ttl", "the lease; only with an archive"}}, spec...),
			request: v1.EnvironmentRequest{}, upload: true, status: 201, answer: v1.Environment{}},
		{methods: get, path: "/v1/environments", summary: "List the environments, the newest first", handler: a.listEnvironments, query: []parameter{{"limit", "at most so many; 100"}}, status: 200, answer: v1.EnvironmentList{}},
		{methods: get, path: "/v1/environments/:id", summary: "An environment with its services and stubs", handler: a.getEnvironment, status: 200, answer: v1.Environment{}},
		{methods: del, path: "/v1/environments/:id", summary: "Tear an environment down", handler: a.deleteEnvironment,
			query: []parameter{{"wait", "false: answer before it is gone"}}, status: 200, answer: v1.Environment{}},
		{methods: post, path: "/v1/environments/:id/renew", summary: "Make the lease end later", handler: a.postRenew, request: v1.RenewRequest{}, status: 200, answer: v1.Lease{}},
		{methods: get, path: "/v1/environments/:id/logs", summary: "A service's log; with follow as events", handler: a.getLogs,
			query: []parameter{{"service", "whose"}, {"follow", "true: go on until the service ends, as server-sent events"}}, status: 200, media: plainText},
		{methods: post, path: "/v1/environments/:id/exec", summary: "Run a command inside; the body goes on with its standard input", handler: a.postExec,
			request: v1.ExecRequest{}, status: 200, media: execstream.MediaType},
		{methods: admin, path: "/v1/environments/:id/stubs/:host/*admin", summary: "The WireMock admin API of a stub, /__admin/…", handler: a.stubAdmin, status: 200, media: anything},

		{methods: get, path: "/", summary: "Environments and runs", handler: a.getIndexPage, page: true},
		{methods: get, path: "/runs/:id", summary: "A run", handler: a.getRunPage, page: true},
		{methods: get, path: "/login", summary: "Ask for the token", handler: a.getLoginPage, open: true, page: true},
		{methods: post, path: "/login", summary: "Begin a session", handler: a.postLogin, open: true, page: true},
	}
}

func (a *api) getHealth(c *gin.Context) { c.JSON(http.StatusOK, map[string]string{"status": "ok"}) }

func (a *api) getOpenAPI(c *gin.Context) { c.Data(http.StatusOK, "application/json", a.openAPI) }

func (a *api) getVersion(c *gin.Context) {
	c.JSON(http.StatusOK, v1.Version{Version: a.Version, API: "v1"})
}
