package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/gateway"
	"github.com/envd-dev/envd/envd/internal/plan"
)

// provisionError marks an error as the reason why the environment did not come up.
type provisionError struct{ error }

func (e *provisionError) Unwrap() error { return e.error }

// provision plans an environment of which nothing exists yet, and carries out the plan.
func (s *session) provision(ctx context.Context) error {
	if err := s.update(func(m *evidence.Meta) { m.Status = evidence.Provisioning }); err != nil {
		return err
	}
	caps, err := s.Runtime.Capabilities(ctx)
	if err != nil {
		return &provisionError{fmt.Errorf("runtime %s: %w", s.Runtime.Name(), err)}
	}
	if err := s.update(func(m *evidence.Meta) { m.Capabilities = &caps }); err != nil {
		return err
	}
	p, err := plan.Of(s.Spec, caps)
	if err = errors.Join(err, plan.RefuseFaults(s.Runtime.Name(), s.Spec.Stages, caps)); err != nil {
		return &provisionError{err}
	}
	if err := s.Dir.WriteFile(evidence.PlanFile, []byte(p.String())); err != nil {
		return err
	}
	if err := s.publish(); err != nil {
		return &provisionError{err}
	}
	if err := plan.Execute(ctx, p, s.do, s.rec.operation); err != nil {
		return &provisionError{err}
	}
	s.rec.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunProvisioned}})
	return nil
}

// do carries out one operation. Waiting and whatever goes through the gateway are done here, the rest by the runtime.
func (s *session) do(ctx context.Context, op envd.Operation) error {
	switch op.Kind {
	case envd.OpCreate:
		s.creating.Store(true)
		err := s.Runtime.Do(ctx, s.ID, op)
		if errors.Is(err, envd.ErrExists) {
			s.creating.Store(false) // it belongs to another run, which takes it down
		}
		return err
	case envd.OpGateway:
		if err := s.Runtime.Do(ctx, s.ID, op); err != nil {
			return err
		}
		s.mark(&s.seeing)
		if err := s.recordImage(ctx, envd.GatewayName); err != nil {
			return err
		}
		return s.claimGateway(ctx)
	case envd.OpStub:
		return s.loadStub(ctx, op.Stub)
	case envd.OpLink:
		return s.openLink(ctx, op.Link)
	case envd.OpReady:
		return s.awaitReady(ctx, op.Service)
	case envd.OpImage:
		return s.prepareImage(ctx, op)
	case envd.OpFile:
		content, err := s.fileContent(op)
		if err != nil {
			return err
		}
		op.Content = content
	case envd.OpMake, envd.OpStart:
		var err error
		if op.Env, op.FromFiles, err = s.serviceEnv(op.Service); err != nil {
			return err
		}
		if op.Kind == envd.OpMake {
			return s.Runtime.Do(ctx, s.ID, op)
		}
		s.mark(&s.sending)
		if err := s.Runtime.Do(ctx, s.ID, op); err != nil {
			return err
		}
		s.started(op.Service)
		return s.afterStart(ctx, op.Service)
	case envd.OpStop:
		s.beforeStop(ctx, op.Service)
	}
	return s.Runtime.Do(ctx, s.ID, op)
}

// mark sets a time to now unless it is set.
func (s *session) mark(t *time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.IsZero() {
		*t = time.Now()
	}
}

// unseen reports whether services may have sent something out before the gateway was up that was not held until then.
func (s *session) unseen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.sending.IsZero() && s.seeing.Sub(s.sending) > s.meta.Capabilities.Holds.Std()
}

// prepareImage makes a service's image present and records which one it is.
func (s *session) prepareImage(ctx context.Context, op envd.Operation) error {
	if b := op.Service.Build; b != nil {
		args, err := s.expandAll(b.Args)
		if err != nil {
			return fmt.Errorf("service %s: build argument %w", op.Target, err)
		}
		op.Env = args
	}
	if err := s.Runtime.Do(ctx, s.ID, op); err != nil {
		return err
	}
	return s.recordImage(ctx, op.Target)
}

// recordImage records which image a service runs from, if it runs from one that the user chose.
func (s *session) recordImage(ctx context.Context, service string) error {
	if r, ok := s.Runtime.(envd.ImageReporter); ok {
		if fact, known := r.Image(ctx, s.ID, service); known {
			s.rec.observe(envd.Observation{Image: &fact})
			return s.update(func(m *evidence.Meta) { m.Images = append(m.Images, fact) })
		}
	}
	return nil
}

// claimGateway waits for the new gateway's control API and makes it this environment's.
func (s *session) claimGateway(ctx context.Context) error {
	key, err := s.ca.KeyPEM()
	if err != nil {
		return err
	}
	claim := gateway.EnvironmentConfig{CACert: s.ca.CertPEM(), CAKey: key}
	err = retry(ctx, 10*time.Second, func(ctx context.Context) error { return s.gateway.Claim(ctx, claim) })
	if err != nil {
		return fmt.Errorf("the gateway did not answer: %w%s", err, s.lastLines(envd.GatewayName, false))
	}
	s.background.Go(s.watchGateway)
	return s.followStubs(ctx)
}

// watchGateway ends the run when its gateway or the whole environment ends: nothing observed after that would mean
// anything.
func (s *session) watchGateway() {
	exit, err := s.Runtime.Wait(context.Background(), s.ID, envd.GatewayName)
	switch {
	case s.settled.Load():
	case err != nil:
		s.end(fmt.Errorf("the environment was lost: %w", err))
	case exit.Code == 0: // it never ends by itself
		s.end(errors.New("the environment was lost: somebody else stopped its gateway, as an engine does to all containers when it is restarted"))
	default:
		s.end(fmt.Errorf("the gateway ended: %s%s", describe(exit), s.lastLines(envd.GatewayName, true)))
	}
}

// retry calls f, in quick succession at first and then every 50 ms, until it succeeds or the limit has passed.
func retry(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(pause*2, 50*time.Millisecond) {
		err := f(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// fileContent returns what a file operation writes, with references expanded.
func (s *session) fileContent(op envd.Operation) ([]byte, error) {
	switch {
	case op.Service == nil && op.File.Path == envd.CAFile:
		return s.trusted(), nil
	case op.File.Source != "":
		content, err := os.ReadFile(op.File.Source)
		if op.File.Secret {
			s.Secrets.Add(strings.TrimRight(string(content), "\r\n"))
		}
		return content, err
	}
	text, err := s.expand(op.File.Content)
	return []byte(text), err
}

// systemRoots lists where Linux distributions and macOS keep the public authorities (the list of Go's crypto/x509).
var systemRoots = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
}

// trusted returns the certificates that services trust: the environment's own authority and, if they may reach hosts
// outside, the public ones too, since most TLS stacks use the file instead of their own list.
func (s *session) trusted() []byte {
	own := s.ca.CertPEM()
	if len(s.Spec.Environment.Egress) == 0 {
		return own
	}
	for _, path := range systemRoots {
		if public, err := os.ReadFile(path); err == nil {
			return append(append(own, '\n'), public...)
		}
	}
	return own // this host has no public authorities
}

// expand resolves references, and has secrets masked from here on.
func (s *session) expand(v envd.Value) (string, error) {
	text, err := v.Expand(s.Lookup)
	if err == nil && v.Secret() {
		s.Secrets.Add(text)
	}
	return text, err
}

func describe(e envd.Exit) string {
	switch {
	case e.Reason != "":
		return e.Reason
	case e.Signal != "":
		return "signal: " + e.Signal
	}
	return fmt.Sprintf("exit code %d", e.Code)
}
