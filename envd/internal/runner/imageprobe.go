package runner

import (
	"cmp"
	"context"
	"fmt"

	"github.com/envd-dev/envd/envd"
)

// withImagesProbe returns svc with the probe of its image's HEALTHCHECK, if its readiness asks for that.
func (s *session) withImagesProbe(ctx context.Context, svc *envd.Service) (*envd.Service, error) {
	if svc.Ready.Image == nil {
		return svc, nil
	}
	var fact envd.ImageFact
	if r, ok := s.Runtime.(envd.ImageReporter); ok {
		fact, _ = r.Image(ctx, s.ID, cmp.Or(svc.ReplicaOf, svc.Name))
	}
	check := *svc.Ready.Image
	if fact.Healthcheck != nil {
		check = check.Over(*fact.Healthcheck)
	}
	ready := check.Readiness()
	ready.Image, ready.Timeout, ready.Interval = &check, cmp.Or(svc.Ready.Timeout, ready.Timeout), cmp.Or(svc.Ready.Interval, ready.Interval)
	if ready.Exec == nil && svc.Ready.Healthy {
		return nil, fmt.Errorf("others wait until service %s is healthy, but neither it nor its image %s has a healthcheck: write healthcheck: {test: [CMD, program]} into it, or let them wait with condition: service_started",
			svc.Name, fact.Reference)
	}
	resolved := *svc
	resolved.Ready = ready
	return &resolved, nil
}
