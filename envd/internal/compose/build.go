package compose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

// build returns how a service's image is built; nil if it is not built.
func (r *reader) build(s types.ServiceConfig) *envd.Build {
	b := s.Build
	if b == nil {
		return nil
	}
	at := func(key string) []string { return []string{"services", s.Name, "build", key} }
	switch {
	case remote(b.Context):
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s is built from %s, which is not of this machine", s.Name, b.Context), "fetch it, and name the copy", at("context")...)
	default:
		r.exists(b.Context, "build context", at("context")...)
	}
	if all := b.Platforms; len(all) > 0 && !slices.ContainsFunc(all, platform.allows) {
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s is not built for this machine: %s", s.Name, strings.Join(all, ", ")), platform.help, at("platforms")...)
	}
	if b.DockerfileInline == "" && !remote(b.Context) {
		file := b.Dockerfile
		if !filepath.IsAbs(file) {
			file = filepath.Join(b.Context, file)
		}
		r.exists(file, "dockerfile", at("dockerfile")...)
	}
	return &envd.Build{
		Context: b.Context, Dockerfile: b.Dockerfile, Target: b.Target, Args: valuesOf(b.Args),
		Inline: b.DockerfileInline, Labels: b.Labels, Tags: b.Tags, NoCache: b.NoCache, Pull: b.Pull, Network: b.Network,
		Hosts: hostLines(b.ExtraHosts), ShmBytes: int64(b.ShmSize), Ulimits: ulimits(b.Ulimits),
	}
}

// hostLines are additional lines of /etc/hosts, each NAME:ADDRESS.
func hostLines(hosts types.HostsList) (lines []string) {
	for host, addresses := range hosts {
		for _, address := range addresses {
			lines = append(lines, host+":"+address)
		}
	}
	slices.Sort(lines)
	return lines
}

func ulimits(given map[string]*types.UlimitsConfig) map[string]envd.Ulimit {
	if len(given) == 0 {
		return nil
	}
	out := map[string]envd.Ulimit{}
	for name, u := range given {
		limit := envd.Ulimit{Soft: int64(u.Soft), Hard: int64(u.Hard)}
		if u.Single != 0 {
			limit = envd.Ulimit{Soft: int64(u.Single), Hard: int64(u.Single)}
		}
		out[name] = limit
	}
	return out
}
