//go:build !linux

package footprint

import "runtime/debug"

// Shrink gives back the heap's free pages.
func Shrink() error {
	debug.FreeOSMemory()
	return nil
}
