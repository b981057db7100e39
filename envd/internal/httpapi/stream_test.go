package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd/internal/dispatch/dispatchtest"
)

func TestEventsResume(t *testing.T) {
	s := newServer(t)
	run, err := s.c.SubmitRun(s.ctx, s.spec(dispatchtest.Held))
	require.NoError(t, err)
	s.tell(run.ID, "observe?detail=one")
	path := "/v1/runs/" + run.ID + "/events"
	events, stop := s.follow(path, "")
	first, second := <-events, <-events
	stop()
	assert.Contains(t, first, `"name":"provisioned"`)
	assert.Contains(t, second, `"detail":"one"`)
	id := func(event string) string {
		line, _, _ := strings.Cut(event, "\n")
		return strings.TrimPrefix(line, "id: ")
	}
	events, stop = s.follow(path, id(first))
	defer stop()
	assert.Equal(t, second, <-events, "from behind the event that the reader had")
	s.tell(run.ID, "observe?detail=two")
	assert.Contains(t, <-events, `"detail":"two"`, "as it happens")
	s.tell(run.ID, "finish")
	assert.Contains(t, <-events, `"exercised"`)
	end := <-events
	assert.Contains(t, end, "event: end")
	assert.Contains(t, end, `"status":"finished"`)
	_, open := <-events
	assert.False(t, open, "the stream ends with the run")
	resp, _ := s.do("GET", path+"?after=x", "", nil, token)
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
}

func TestLogsFollow(t *testing.T) {
	s := newServer(t)
	env, err := s.c.Up(s.ctx, s.spec(dispatchtest.Held), 0)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(time.Hour), env.Expires, time.Minute, "the default lease")
	events, stop := s.follow("/v1/environments/"+env.ID+"/logs?service=api&follow=true", "")
	assert.Equal(t, "event: line\ndata: 2026-03-01T12:00:00Z stdout one", <-events)
	assert.Equal(t, "event: line\ndata: 2026-03-01T12:00:01Z stderr two", <-events)
	stop()
	ctx, cancel := context.WithCancel(s.ctx)
	var lines int
	require.NoError(t, s.c.Logs(ctx, env.ID, "api", true, writer(func(p []byte) {
		if lines++; lines == 2 {
			cancel()
		}
	})))
	assert.Equal(t, 2, lines)
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

func TestStreamsEndWhenTheDaemonStops(t *testing.T) {
	s := newServer(t)
	run, err := s.c.SubmitRun(s.ctx, s.spec(dispatchtest.Held))
	require.NoError(t, err)
	events, stop := s.follow("/v1/runs/"+run.ID+"/events", "")
	defer stop()
	<-events
	s.killRunners() // or nobody finds it any more
	require.NoError(t, s.d.Close())
	for range events { // ends, or the test's deadline does
	}
}
