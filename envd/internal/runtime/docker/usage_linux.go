package docker

import (
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/internal/procfs"
)

// usageOf is what services use by the accounts of their processes, given the first of each. Commands run in them later are
// not below it, and not counted.
func usageOf(first map[string]int) ([]envd.Usage, error) {
	all, err := procfs.All()
	if err != nil {
		return nil, err
	}
	var usage []envd.Usage
	for service, pid := range first {
		root, err := procfs.Read(pid)
		if err != nil || root.Zombie() {
			continue // it has ended meanwhile
		}
		u := envd.Usage{Service: service}
		for _, s := range append(procfs.Descendants(all, pid), root) {
			u.CPU += envd.Duration(s.CPU)
			u.RSSBytes += s.RSS
		}
		usage = append(usage, u)
	}
	return usage, nil
}
