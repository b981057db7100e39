package main

import (
	"os"
)

// serverURL is the daemon to go through; empty means this machine, without one.
func (a *app) serverURL() string {
	if a.server != "" {
		return a.server
	}
	return os.Getenv("ENVD_SERVER")
}
