//go:build !linux

package link

import "syscall"

// unpace: pacing by timers is Linux's.
func unpace(syscall.RawConn) {}
