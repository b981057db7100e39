package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/dispatch"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/internal/store"
)

// downTimeout bounds taking down an environment whose client has left.
const downTimeout = time.Minute

func (a *api) postEnvironment(c *gin.Context) {
	r, err := a.submit(c, store.Up)
	if err != nil {
		a.fail(c, err)
		return
	}
	c.Header("Location", "/v1/environments/"+r.ID)
	if c.Query("wait") != "true" {
		c.JSON(http.StatusAccepted, a.environmentView(r))
		return
	}
	id := r.ID
	r, err = a.Dispatcher.Wait(c.Request.Context(), id, func(r store.Record) bool {
		return r.Status == v1.Ready || r.Status == v1.TearingDown || r.Status.Ended()
	})
	if err == nil && r.Status == v1.TearingDown { // the reason is known only when it has ended
		r, err = a.Dispatcher.Wait(c.Request.Context(), id, func(r store.Record) bool { return r.Status.Ended() })
	}
	switch {
	case err != nil:
		a.abandon(c, id)
		a.fail(c, err)
	case r.Status != v1.Ready:
		refuse(c, &v1.Error{Code: v1.EnvironmentFailed, Message: id + " did not come up: " + r.Message})
	default:
		c.JSON(http.StatusCreated, a.environmentView(r))
	}
}

// abandon takes down an environment that nobody waits for any more. A daemon that is stopping leaves that to the lease.
func (a *api) abandon(c *gin.Context, id string) {
	if c.Request.Context().Err() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), downTimeout)
	defer cancel()
	if err := a.Dispatcher.End(ctx, id); err != nil && !errors.Is(err, dispatch.ErrEnded) {
		a.Log.Warn("cannot take an abandoned environment down", "id", id, "error", err)
	}
}

func (a *api) listEnvironments(c *gin.Context) {
	all, err := a.list(c, store.Up)
	if err != nil {
		a.fail(c, err)
		return
	}
	list := v1.EnvironmentList{Environments: []v1.Environment{}}
	for _, r := range all {
		list.Environments = append(list.Environments, a.environmentView(r))
	}
	c.JSON(http.StatusOK, list)
}

func (a *api) getEnvironment(c *gin.Context) {
	if r, ok := a.record(c, store.Up); ok {
		c.JSON(http.StatusOK, a.environmentDetail(c.Request.Context(), r))
	}
}

func (a *api) deleteEnvironment(c *gin.Context) {
	r, ok := a.record(c, store.Up)
	if !ok {
		return
	}
	if err := a.Dispatcher.End(c.Request.Context(), r.ID); err != nil {
		a.fail(c, err)
		return
	}
	if c.Query("wait") == "false" {
		c.JSON(http.StatusAccepted, a.environmentView(r))
		return
	}
	r, err := a.Dispatcher.Wait(c.Request.Context(), r.ID, func(r store.Record) bool { return r.Status.Ended() })
	if err != nil {
		a.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, a.environmentView(r))
}

func (a *api) postRenew(c *gin.Context) {
	r, ok := a.record(c, store.Up)
	if !ok {
		return
	}
	var body v1.RenewRequest
	if err := decode(c, &body); err != nil {
		a.fail(c, err)
		return
	}
	if body.TTL <= 0 {
		refuse(c, badRequest(`the body must be {"ttl": "30m"}`))
		return
	}
	control, err := a.Dispatcher.Control(r)
	if err != nil {
		a.fail(c, err)
		return
	}
	defer control.Close()
	expires, err := control.Renew(c.Request.Context(), body.TTL.Std())
	if err != nil {
		a.fail(c, conflictUnlessGone(err))
		return
	}
	c.JSON(http.StatusOK, v1.Lease{Expires: expires})
}

// conflictUnlessGone turns a runner's refusal into a conflict: the runner is there, but not in the right state.
func conflictUnlessGone(err error) error {
	if errors.Is(err, runner.ErrGone) || errors.Is(err, context.Canceled) {
		return err
	}
	return &v1.Error{Code: v1.Conflict, Message: err.Error()}
}
