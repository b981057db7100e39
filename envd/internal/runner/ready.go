package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/modules"
)

// awaitReady waits until the service can serve, ends, or runs out of time.
func (s *session) awaitReady(ctx context.Context, svc *envd.Service) error {
	begin := time.Now()
	svc, err := s.withImagesProbe(ctx, svc)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, svc.Ready.Timeout.Std())
	defer cancel()

	exited := make(chan envd.Exit, 1)
	go func() {
		if svc.Ready.Completed {
			return // it becomes ready by ending
		}
		if exit, err := s.awaitEnd(limited, svc.Name); err == nil {
			exited <- exit
			cancel()
		}
	}()
	probed := s.probe(limited, svc)
	if probed != nil && !svc.Ready.Completed {
		<-limited.Done() // a probe that gave up early has noticed the service's end sooner than watch did
	}
	select {
	case exit := <-exited:
		return fmt.Errorf("service %s ended before it was ready: %s%s: %w%s", svc.Name, describe(exit), remedy(svc, exit), envd.ErrExited, s.lastLines(svc.Name, true))
	default:
	}
	if probed == nil {
		s.rec.observe(envd.Observation{Service: &envd.ServiceEvent{
			Service: svc.Name, Name: envd.ServiceReady, Detail: "after " + time.Since(begin).Round(time.Millisecond).String(),
		}})
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if svc.Ready.Completed && errors.Is(probed, envd.ErrExited) {
		return fmt.Errorf("service %s did not complete: %w%s", svc.Name, probed, s.lastLines(svc.Name, true))
	}
	whose := ""
	if svc.Ready.Image != nil {
		whose = " (its image's HEALTHCHECK asks: give the service one of its own, or disable it)"
	}
	return fmt.Errorf("service %s was not ready within %s: %w%s%s", svc.Name, svc.Ready.Timeout, probed, whose, s.lastLines(svc.Name, false))
}

// remedy says what to do about an exit, or "" if that is not known.
func remedy(svc *envd.Service, exit envd.Exit) string {
	if exit.Reason == envd.ReasonMemory && svc.Resources.MemoryBytes > 0 {
		return fmt.Sprintf(" (its bound is %d MiB: raise resources.memory)", svc.Resources.MemoryBytes>>20)
	}
	return ""
}

// probe returns nil once the service's probe succeeds, or the last probe's error when ctx ends.
func (s *session) probe(ctx context.Context, svc *envd.Service) error {
	ready := svc.Ready
	switch {
	case ready.HTTP != nil:
		client := s.httpClient(svc.Name, ready.HTTP.Port)
		defer client.CloseIdleConnections()
		return repeat(ctx, ready.Interval.Std(), func() error { return probeHTTP(ctx, client, *ready.HTTP) })
	case ready.Module:
		return modules.Await(ctx, svc.Module, moduleTarget{s, svc})
	case ready.TCP != 0:
		return repeat(ctx, ready.Interval.Std(), func() error {
			conn, err := s.Runtime.Dial(ctx, s.ID, svc.Name, ready.TCP)
			if err != nil {
				return err
			}
			return conn.Close()
		})
	case ready.Log != "":
		return s.probeLog(ctx, svc.Name, ready.Log)
	case ready.Completed:
		return s.awaitCompletion(ctx, svc.Name)
	case len(ready.Exec) > 0:
		s.awaitListening(ctx, svc)
		return repeat(ctx, ready.Interval.Std(), func() error {
			begin := time.Now()
			err := s.probeExec(ctx, svc)
			if err != nil { // it may cost much, such as the start of a Java or Erlang machine: no more than half the time goes there
				rest(ctx, min(time.Since(begin), longestRest))
			}
			return err
		})
	}
	return nil
}

// awaitListening waits until it makes sense to run a service's own probe. One that runs earlier takes the processor from
// what it asks for, and may get in its way: two Erlang nodes that start side by side fail at each other's port mapper.
func (s *session) awaitListening(ctx context.Context, svc *envd.Service) {
	if l, ok := s.Runtime.(envd.Listener); ok && svc.Ready.Listen > 0 {
		silence := svc.Ready.Listen.Std()
		if len(svc.Ports) > 0 {
			silence = max(silence, serversSilence)
		}
		limited, cancel := context.WithTimeout(ctx, silence)
		defer cancel()
		_ = l.AwaitListening(limited, s.ID, svc.Name) // if it cannot be told, the probe will
	}
}

// probeExec runs a service's own probe once.
func (s *session) probeExec(ctx context.Context, svc *envd.Service) error {
	limited := ctx
	if limit := svc.Ready.ProbeTimeout.Std(); limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	var out strings.Builder
	code, err := s.Runtime.Exec(limited, s.ID, envd.Exec{Service: svc.Name, Name: "probe", Command: svc.Ready.Exec, Stdout: &out, Stderr: &out})
	switch {
	case err == nil && code != 0:
		return fmt.Errorf("the probe exited with %d: %s", code, strings.TrimSpace(out.String()))
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("the probe took longer than %s: %s", svc.Ready.ProbeTimeout, strings.TrimSpace(out.String()))
	}
	return err
}

// awaitCompletion waits until a service has done its work and ended.
func (s *session) awaitCompletion(ctx context.Context, name string) error {
	exit, err := s.awaitEnd(ctx, name)
	if err == nil && exit.Code != 0 {
		err = fmt.Errorf("%s: %w", describe(exit), envd.ErrExited)
	}
	return err
}

// awaitEnd waits until a service has ended for good: its policy does not start it again.
func (s *session) awaitEnd(ctx context.Context, name string) (envd.Exit, error) {
	l := s.lifeOf(name)
	select {
	case <-l.over:
		return l.exit, l.lost
	case <-ctx.Done():
		return envd.Exit{}, ctx.Err()
	}
}

// repeat calls f until it succeeds or ctx ends: in quick succession at first, for services that start in milliseconds,
// and then at the interval. The error is that of the last call that ctx did not break off, which tells more.
func repeat(ctx context.Context, interval time.Duration, f func() error) error {
	var last error
	for pause := 2 * time.Millisecond; ; pause = min(pause*3/2, interval) {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil && last != nil {
			return last
		}
		last = err
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// serversSilence is how long a service that is to listen on a port is waited for to do so, on a slow machine.
const serversSilence = 10 * time.Second

// longestRest bounds the rest after an Exec that took long.
const longestRest = time.Second

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func probeHTTP(ctx context.Context, client *http.Client, p envd.HTTPProbe) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://localhost:%d%s", p.Port, p.Path), nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == p.Status || p.Status == 0 && resp.StatusCode/100 == 2 {
		return nil
	}
	return fmt.Errorf("GET %s answered %d", p.Path, resp.StatusCode)
}

// httpClient returns a client whose every connection goes to one port of a service.
func (s *session) httpClient(service string, port int) *http.Client {
	return &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return s.Runtime.Dial(ctx, s.ID, service, port)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
