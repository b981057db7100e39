package runner

import (
	"context"
	"time"

	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/footprint"
)

// hold publishes the services' ports on this host and keeps the environment until its lease or ctx ends.
func (s *session) hold(ctx context.Context) error {
	addresses, err := s.openAll()
	if err != nil {
		return err
	}
	s.renew(s.TTL)
	err = s.update(func(m *evidence.Meta) { m.Status, m.Addresses = evidence.Ready, addresses })
	if err != nil {
		return err
	}
	if s.Ready != nil {
		s.mu.Lock()
		meta := s.meta
		s.mu.Unlock()
		if err := s.Ready(meta); err != nil {
			return err
		}
	}
	_ = footprint.Shrink() // to hold less memory is a courtesy; to fail at it harms nobody
	<-ctx.Done()
	return context.Cause(ctx)
}

// renew makes the lease end ttl from now.
func (s *session) renew(ttl time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		s.lease = time.AfterFunc(ttl, func() { s.end(ErrLeaseEnded) })
	} else {
		s.lease.Reset(ttl)
	}
	s.meta.Expires = time.Now().Add(ttl).UTC()
	return s.meta.Expires
}
