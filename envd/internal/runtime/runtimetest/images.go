package runtimetest

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// ImageProgram is where the image of a Harness has the program that handles Verb.
const ImageProgram = "/program"

func (b *bench) prepare(svc *envd.Service) error {
	return b.rt.Do(b.ctx, b.id, envd.Operation{ID: string(envd.OpImage) + " " + svc.Name, Kind: envd.OpImage, Target: svc.Name, Service: svc})
}

// An image is prepared before there is an environment, and is what its service then runs.
func testImages(t *testing.T, b *bench) {
	b.need(b.caps.Images, "images")
	svc := &envd.Service{Name: "web", Image: b.h.Image, Command: []string{ImageProgram, Verb, "env:PLAIN", "listen:9898", "stubborn"}}
	require.NoError(t, b.prepare(svc))
	reporter, ok := b.rt.(envd.ImageReporter)
	require.True(t, ok)
	fact, ok := reporter.Image(b.ctx, b.id, "web")
	require.True(t, ok)
	assert.Equal(t, "web", fact.Service)
	assert.Equal(t, svc.Image, fact.Reference)
	assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, fact.ID)
	_, ok = reporter.Image(b.ctx, b.id, "nobody")
	assert.False(t, ok)

	b.create(nil)
	b.start(svc)
	b.answers("web", 9898, "web ping")
	if address := b.observe().Services["web"].Address; address != "" || b.h.Addressed {
		conn, err := net.Dial("tcp", net.JoinHostPort(address, "9898"))
		require.NoError(t, err, "an address is one where this machine reaches the service")
		assert.NoError(t, conn.Close())
	}
	err := b.prepare(&envd.Service{Name: "lost", Image: "localhost:1/no/such:image", Pull: envd.PullNever})
	assert.ErrorContains(t, err, "service lost")
	assert.ErrorContains(t, err, "localhost:1/no/such:image")
}

// Replicas are services with one hostname: it leads to all of them, and each is reached by its own.
func testReplicas(t *testing.T, b *bench) {
	b.need(b.caps.Replicas, "replicas")
	web := b.workload("web", "listen:9898", "stubborn")
	web.Replicas = 2
	env := &envd.Environment{Services: []envd.Service{*web}}
	b.create(env)
	for i, svc := range env.Expand().Services {
		b.start(&svc)
		b.answers(svc.Name, 9898, svc.Name+" ping")
		assert.Equal(t, []string{"web-1", "web-2"}[i], svc.Name)
	}
	all, _ := b.exec("", "resolve:web")
	first, _ := b.exec("", "resolve:web-1")
	second, _ := b.exec("", "resolve:web-2")
	assert.NotEqual(t, first, second)
	assert.ElementsMatch(t, []string{first, second}, strings.Fields(all))
	assert.Len(t, b.observe().Services, 2)
}
