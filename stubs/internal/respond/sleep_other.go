//go:build !linux

package respond

import "time"

func sleepFine(d time.Duration) { time.Sleep(d) }
