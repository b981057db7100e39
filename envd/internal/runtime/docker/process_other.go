//go:build !linux

package docker

import "context"

// process cannot be watched here: engines on other systems run their containers on a kernel of their own.
type process struct{}

func watch(int, string) *process                     { return nil }
func (p *process) wait(context.Context) error        { return nil }
func (p *process) freeze(bool)                       {}
func (p *process) signal(string) bool                { return false }
func (p *process) deaf(string) bool                  { return false }
func (p *process) awaitSocket(context.Context) error { return nil }
func (p *process) close()                            {}
