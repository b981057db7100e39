package runner

import (
	"context"
	"fmt"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// afterStart runs what a service has to have run in it once it is started. The first command that fails ends it.
func (s *session) afterStart(ctx context.Context, svc *envd.Service) error {
	for _, h := range svc.AfterStart {
		if err := s.runHook(ctx, svc, "post_start", h); err != nil {
			return err
		}
	}
	return nil
}

// beforeStop runs what a service has to have run in it before it is asked to end, within its grace. What fails is told, and
// the service ends all the same.
func (s *session) beforeStop(ctx context.Context, svc *envd.Service) {
	if svc == nil || len(svc.BeforeStop) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, svc.Stop.Grace.Std())
	defer cancel()
	for _, h := range svc.BeforeStop {
		if err := s.runHook(ctx, svc, "pre_stop", h); err != nil {
			s.complain("service "+svc.Name, err)
			return
		}
	}
}

func (s *session) runHook(ctx context.Context, svc *envd.Service, when string, h envd.Hook) error {
	env, err := s.expandAll(h.Env)
	if err != nil {
		return fmt.Errorf("service %s: %s: %w", svc.Name, when, err)
	}
	var out strings.Builder
	code, err := s.Runtime.Exec(ctx, s.ID, envd.Exec{
		Service: svc.Name, Name: when, Command: h.Command, User: h.User, WorkDir: h.WorkDir, Env: env, Stdout: &out, Stderr: &out,
	})
	if err == nil && code != 0 {
		err = fmt.Errorf("%s exited with %d: %s", strings.Join(h.Command, " "), code, strings.TrimSpace(out.String()))
	}
	if err != nil {
		return fmt.Errorf("service %s: %s: %w", svc.Name, when, err)
	}
	return nil
}
