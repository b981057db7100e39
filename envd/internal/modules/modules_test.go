package modules_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd/internal/modules"
)

// What the modules say today: an upgrade that changes it changes what users' specs mean.
func TestAll(t *testing.T) {
	byName := map[string]modules.Module{}
	for _, m := range modules.All() {
		byName[m.Name] = m
		assert.NotEmpty(t, m.Waits, m.Name)
		for _, w := range m.Waits {
			assert.True(t, (w.Log == "") != (w.Port == ""), "%s: %v", m.Name, w)
		}
	}
	for name, want := range map[string]struct {
		image string
		ports []int
		env   string
	}{
		"kafka":    {"confluentinc/confluent-local:7.5.0", []int{9093}, "KAFKA_CONTROLLER_QUORUM_VOTERS"},
		"mongodb":  {"mongo:7", []int{27017}, ""},
		"mysql":    {"mysql:8.0.36", []int{3306, 33060}, "MYSQL_ROOT_PASSWORD"},
		"postgres": {"postgres:17-alpine", []int{5432}, "POSTGRES_PASSWORD"},
		"rabbitmq": {"rabbitmq:3.12.11-management-alpine", []int{5672, 5671, 15671, 15672}, "RABBITMQ_DEFAULT_USER"},
		"redis":    {"redis:7", []int{6379}, ""},
	} {
		m := byName[name]
		assert.Equal(t, want.image, m.Image, name)
		assert.ElementsMatch(t, want.ports, m.Ports, name)
		if want.env != "" {
			assert.NotEmpty(t, m.Env[want.env], "%s: %v", name, m.Env)
		}
	}
	assert.Len(t, byName, 6)
	assert.Equal(t, []string{"postgres", "-c", "fsync=off"}, byName["postgres"].Args)
	assert.Nil(t, byName["postgres"].Command, "the image's own entrypoint stays")
	assert.Equal(t, "sh", byName["kafka"].Command[0])
	assert.Contains(t, byName["kafka"].Files[0].For("events"), "PLAINTEXT://events:9093", "consumers are led to the service's own name")
}

func TestAwaitUnknown(t *testing.T) {
	assert.ErrorContains(t, modules.Await(t.Context(), "postgrs", nil), "there is no module postgrs")
}
