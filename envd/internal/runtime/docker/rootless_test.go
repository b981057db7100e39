package docker

import (
	"testing"

	"github.com/moby/moby/api/types/system"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

func TestTraits(t *testing.T) {
	full := system.Info{CgroupDriver: "cgroupfs", MemoryLimit: true, CPUCfsQuota: true, PidsLimit: true, SecurityOptions: []string{"name=seccomp,profile=default"}}
	none, undelegated := full, full
	none.CgroupDriver, none.MemoryLimit, none.CPUCfsQuota, none.PidsLimit = "none", false, false, false
	undelegated.CgroupDriver, undelegated.CPUCfsQuota = "systemd", false
	bounded := &envd.Service{Name: "web", Resources: envd.Resources{MemoryBytes: 1 << 20}}
	crowded := &envd.Service{Name: "web", Container: &envd.Container{PidsLimit: 7}}
	for name, c := range map[string]struct {
		info             system.Info
		bounds, groups   bool
		lacks            string
		bounded, crowded string // why it is refused
	}{
		"all":          {full, true, true, "", "", ""},
		"none":         {none, false, false, "no control groups", "service web bounds its resources: the engine has no control groups", "how many processes it has: the engine has no control groups"},
		"without CPUs": {undelegated, false, true, "Delegate=cpu", "service web bounds its resources: the engine was not given", ""},
	} {
		t.Run(name, func(t *testing.T) {
			traits, err := traitsOf("unix:///var/run/docker.sock", "/envd", c.info)
			require.NoError(t, err)
			assert.Equal(t, []bool{c.bounds, c.groups}, []bool{traits.bounds, traits.groups})
			assert.Contains(t, traits.lacks(), c.lacks)
			assert.Equal(t, c.lacks == "", traits.lacks() == "")
			for svc, want := range map[*envd.Service]string{bounded: c.bounded, crowded: c.crowded, {Name: "free"}: ""} {
				err := traits.refuse(svc)
				if want == "" {
					assert.NoError(t, err)
					continue
				}
				assert.ErrorIs(t, err, envd.ErrUnsupported)
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestUsersOfRootless(t *testing.T) {
	traits := traits{rootless: true}
	assert.Equal(t, 0, traits.user(1000, 1000))
	assert.Equal(t, 7, traits.user(7, 1000))
	assert.Equal(t, envd.Owner{}, traits.owner())
	user, groups, err := traits.hostUser("")
	require.NoError(t, err)
	assert.Equal(t, "0:0", user)
	assert.Empty(t, groups)
	assert.ErrorContains(t, traits.refuse(&envd.Service{Name: "web", Container: &envd.Container{CPUSet: "0"}}), "service web has a cpuset: ")
	assert.ErrorContains(t, traits.refuse(&envd.Service{Name: "web", Container: &envd.Container{Swappiness: new(int64(5))}}), "only engines with cgroup v1")
	assert.ErrorContains(t, traits.refuse(&envd.Service{Name: "web", Container: &envd.Container{Domain: "example.org"}}), "give it a hostname with dots")
}

func TestRootlessAtAPort(t *testing.T) {
	info := system.Info{SecurityOptions: []string{"name=rootless"}}
	_, err := traitsOf("tcp://127.0.0.1:2375", "/envd", info)
	assert.ErrorIs(t, err, envd.ErrUnsupported)
	assert.ErrorContains(t, err, "name that in DOCKER_HOST")
}
