package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// The details are for people, and part of a plan's text.

func createDetail(env *envd.Environment, caps envd.Capabilities) string {
	network := "shared network"
	if caps.Isolated {
		network = "private network"
	}
	if len(env.Egress) > 0 {
		network += ", way out to " + strings.Join(env.Egress, ", ")
	}
	return env.Runtime + ": " + network
}

func gatewayDetail(env *envd.Environment) string {
	var ports []int
	for _, s := range env.Stubs {
		ports = append(append(ports, s.Ports...), s.TLSPorts...)
	}
	if len(ports) == 0 {
		return "no stubs"
	}
	slices.Sort(ports)
	var b strings.Builder
	b.WriteString("stubs on")
	for _, p := range slices.Compact(ports) {
		b.WriteString(" :" + strconv.Itoa(p))
	}
	return b.String()
}

func stubDetail(s *envd.Stub) string {
	var parts []string
	if s.Dir != "" {
		parts = append(parts, s.Dir)
	}
	if n := len(s.Mappings); n > 0 {
		parts = append(parts, fmt.Sprintf("%d inline", n))
	}
	if parts == nil {
		parts = append(parts, "no mappings")
	}
	if s.Engine != "builtin" {
		parts = append(parts, "engine "+s.Engine)
	}
	if len(s.Aliases) > 0 {
		parts = append(parts, "also "+strings.Join(s.Aliases, ", "))
	}
	return strings.Join(parts, ", ")
}

func linkDetail(l *envd.Link) string {
	var b strings.Builder
	for _, p := range l.Ports {
		b.WriteString(":" + strconv.Itoa(p) + " ")
	}
	return b.String() + "through the gateway"
}

func fileDetail(f *envd.File) string {
	detail := fmt.Sprintf("%s %04o", f.Path, f.Mode)
	if f.Source != "" {
		detail += " from " + f.Source
	}
	return detail
}

func imageDetail(s *envd.Service) string {
	if s.Build == nil {
		return s.Image + ", pull " + cmp.Or(s.Pull, envd.PullMissing)
	}
	detail := "build " + s.Build.Context
	switch f := s.Build.Dockerfile; {
	case s.Build.Inline != "":
		detail += " with a dockerfile of the spec's"
	case f != "" && f != "Dockerfile":
		detail += " with " + f
	}
	if s.Build.Target != "" {
		detail += " up to " + s.Build.Target
	}
	return detail
}

func startDetail(s *envd.Service) string {
	parts := []string{}
	switch {
	case s.Image != "":
		parts = append(parts, s.Image)
	case s.Build != nil:
		parts = append(parts, "what "+s.Build.Context+" builds")
	}
	for _, arg := range slices.Concat(s.Command, s.Args) {
		parts = append(parts, word(arg))
	}
	return strings.Join(parts, " ") + hooks(", then", s.AfterStart)
}

func makeDetail(s *envd.Service) string {
	var parts []string
	if of := s.SharesNetworkOf(); of != "" {
		parts = append(parts, "in the network of "+of)
	} else if !s.Connected() {
		parts = append(parts, "without a network")
	}
	for _, m := range s.Mounts {
		parts = append(parts, fmt.Sprintf("%s %s at %s", m.Type, m.Source, m.Target))
	}
	return strings.Join(parts, ", ")
}

// word writes an argument so that it cannot be taken for two.
func word(arg string) string {
	if arg == "" || strings.ContainsFunc(arg, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`"'\$`+"`", r) }) {
		return strconv.Quote(arg)
	}
	return arg
}

func readyDetail(s *envd.Service, images bool) string {
	r := s.Ready
	within := ""
	if r.Timeout > 0 {
		within = " within " + r.Timeout.String()
	}
	switch {
	case r.Image != nil && r.Healthy:
		return "as its image's HEALTHCHECK says" + within
	case r.Image != nil && images:
		return "as its image's HEALTHCHECK says, or as soon as it runs" + within
	case r.HTTP != nil && r.HTTP.Status != 0:
		return fmt.Sprintf("http :%d%s answers %d", r.HTTP.Port, r.HTTP.Path, r.HTTP.Status) + within
	case r.HTTP != nil:
		return fmt.Sprintf("http :%d%s answers 2xx", r.HTTP.Port, r.HTTP.Path) + within
	case r.TCP != 0:
		return fmt.Sprintf("tcp :%d accepts", r.TCP) + within
	case r.Completed:
		return "ends with exit code 0" + within
	case r.Log != "":
		return fmt.Sprintf("log matches %q", r.Log) + within
	case r.Module:
		return "as module " + s.Module + " says" + within
	case len(r.Exec) > 0:
		words := make([]string, len(r.Exec))
		for i, arg := range r.Exec {
			words[i] = word(arg)
		}
		return "exec " + strings.Join(words, " ") + " exits with 0" + within
	}
	return "as soon as it runs"
}

// hooks lists commands that run in a service.
func hooks(when string, given []envd.Hook) string {
	var b strings.Builder
	for _, h := range given {
		b.WriteString(when)
		for _, arg := range h.Command {
			b.WriteString(" " + word(arg))
		}
	}
	return b.String()
}
