package runner

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/envd"
)

// life is one life of a service: from a requested start until it has ended for good. Restarts by its policy belong to it.
type life struct {
	asked atomic.Bool   // somebody asked it to end
	over  chan struct{} // closed at its end, after exit and lost were set
	exit  envd.Exit
	lost  error // why its end could not be observed

	restarts atomic.Int32 // by its policy, including those of earlier lives
}

// A service is started again after the pauses that container engines make: the first one, doubled each time up to the
// longest, and the first one again after it has run for a while
// (https://docs.docker.com/reference/cli/docker/container/run/#restart).
const (
	firstPause   = 100 * time.Millisecond
	longestPause = time.Minute
	aWhile       = 10 * time.Second
)

// started records that a service runs, and watches for its end.
func (s *session) started(svc *envd.Service) {
	l := &life{over: make(chan struct{})}
	s.mu.Lock()
	if earlier := s.services[svc.Name]; earlier != nil {
		l.restarts.Store(earlier.restarts.Load())
	}
	s.services[svc.Name] = l
	s.mu.Unlock()
	s.rec.observe(envd.Observation{Service: &envd.ServiceEvent{Service: svc.Name, Name: envd.ServiceStarted}})
	s.background.Go(func() { s.watch(svc, l) })
}

// lifeOf returns the current life of a service, or nil before its first start.
func (s *session) lifeOf(name string) *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.services[name]
}

// watch records each end of a service, and starts it again if its policy says so.
func (s *session) watch(svc *envd.Service, l *life) {
	defer close(l.over)
	for inARow := 0; ; inARow++ {
		begin := time.Now()
		exit, err := s.Runtime.Wait(context.Background(), s.ID, svc.Name)
		if l.exit, l.lost = exit, err; err != nil {
			return // the environment was destroyed under it
		}
		if time.Since(begin) >= aWhile {
			inARow = 0
		}
		expected := s.settled.Load() || s.proven.Load() || l.asked.Load() || svc.Restart.Done(exit) || svc.Ready.Completed && exit.Code == 0
		if !expected && exit.Reason == envd.ReasonGone { // which says nothing against the service
			s.rec.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunInternalError, Detail: svc.Name + " ended with its environment"}})
		}
		again := !expected && svc.Restart.Again(exit, inARow)
		s.rec.observe(envd.Observation{Time: exit.At, Service: &envd.ServiceEvent{
			Service: svc.Name, Name: envd.ServiceExited, ExitCode: &exit.Code, Detail: describe(exit) + remedy(svc, exit), Expected: expected, Restarting: again,
		}})
		if !again || !s.restart(svc, l, min(firstPause<<min(inARow, 20), longestPause)) {
			return
		}
	}
}

// restart starts a service again after a pause, unless the environment ends first or a fault holds the service down.
func (s *session) restart(svc *envd.Service, l *life, pause time.Duration) bool {
	select {
	case <-s.ending:
		return false
	case <-time.After(pause):
	}
	if l.asked.Load() {
		return false
	}
	err := s.Runtime.Do(context.Background(), s.ID, envd.Operation{
		ID: string(envd.OpRestart) + " " + svc.Name, Kind: envd.OpRestart, Target: svc.Name, Service: svc, Environment: s.Spec.Environment,
	})
	if err != nil {
		if !s.settled.Load() {
			s.complain("service "+svc.Name, fmt.Errorf("it could not be started again: %w", err))
		}
		return false
	}
	n := l.restarts.Add(1)
	s.rec.observe(envd.Observation{Service: &envd.ServiceEvent{Service: svc.Name, Name: envd.ServiceStarted, Restart: int(n)}})
	return true
}
