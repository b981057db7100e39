package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/footprint"
)

// hold publishes the services' ports on this host and keeps the environment until its lease or ctx ends.
func (s *session) hold(ctx context.Context) error {
	addresses, err := s.openAll()
	if err != nil {
		return err
	}
	if _, err := s.renew(ctx, s.TTL); err != nil {
		return err
	}
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
	_ = footprint.Shrink() // a courtesy to the machine; failing at it harms nobody
	<-ctx.Done()
	return context.Cause(ctx)
}

// outstay is how much longer than the lease the runtime's objects may exist: time to end the stages and tear down.
const outstay = time.Hour

// renew moves the end of the lease to ttl from now, on the runtime's objects too.
func (s *session) renew(ctx context.Context, ttl time.Duration) (time.Time, error) {
	expires := time.Now().Add(ttl).UTC()
	if r, ok := s.Runtime.(envd.Leaser); ok {
		if err := r.Renew(ctx, s.ID, expires.Add(outstay)); err != nil {
			return time.Time{}, fmt.Errorf("renew the lease: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		s.lease = time.AfterFunc(ttl, func() { s.end(ErrLeaseEnded) })
	} else {
		s.lease.Reset(ttl)
	}
	s.meta.Expires = expires
	return expires, nil
}
