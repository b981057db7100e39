package envd_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
)

func TestExpand(t *testing.T) {
	env := &envd.Environment{Services: []envd.Service{
		{Name: "web", Replicas: 2, Hostnames: []string{"shop.example.com"}, DependsOn: []string{"db", "missing"}},
		{Name: "db", Replicas: 1},
		{Name: "proxy", DependsOn: []string{"db", "web"}, After: []string{"web"}},
	}}
	out := env.Expand()
	needs := []string{"db", "missing"}
	assert.Equal(t, []envd.Service{
		{Name: "web-1", Replicas: 1, ReplicaOf: "web", Hostnames: []string{"web", "shop.example.com"}, DependsOn: needs},
		{Name: "web-2", Replicas: 1, ReplicaOf: "web", Hostnames: []string{"web", "shop.example.com"}, DependsOn: needs},
		{Name: "db", Replicas: 1},
		{Name: "proxy", DependsOn: []string{"db", "web-1", "web-2"}, After: []string{"web-1", "web-2"}},
	}, out.Services)
	assert.Same(t, out, out.Expand(), "twice is once")
	assert.Len(t, env.Services, 3, "the original stays")

	assert.Equal(t, []string{"web-1", "web-2"}, out.Instances("web"))
	assert.Equal(t, []string{"web-2"}, out.Instances("web-2"))
	assert.Nil(t, out.Instances("nobody"))
}
