//go:build !linux

// Package rootlesstest runs a rootless Docker engine for tests, which needs Linux.
package rootlesstest

import "errors"

// Lack tells why there is none.
func Lack() error { return errors.New("a rootless engine needs Linux") }
