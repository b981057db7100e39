package runner

import (
	"bytes"
	"slices"
	"sync"
)

// shortestSecret is the length below which masking would hide ordinary words.
const shortestSecret = 4

var mask = []byte("«secret»")

// Secrets masks the values of secrets in everything that is written down. A value is added before any process starts that
// knows it.
type Secrets struct {
	mu     sync.RWMutex
	values [][]byte // longest first, so that a secret within a secret leaves nothing readable
}

// Add makes Redact mask value.
func (s *Secrets) Add(value string) {
	if len(value) < shortestSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := []byte(value)
	i, _ := slices.BinarySearchFunc(s.values, b, func(a, b []byte) int { return len(b) - len(a) })
	s.values = slices.Insert(s.values, i, b)
}

// Redact returns line with every secret masked; line itself is not changed.
func (s *Secrets) Redact(line []byte) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, v := range s.values {
		if bytes.Contains(line, v) {
			line = bytes.ReplaceAll(line, v, mask)
		}
	}
	return line
}
