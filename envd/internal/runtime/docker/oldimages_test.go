package docker

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutdated(t *testing.T) {
	now := time.Now()
	versions := func(n int, youngest time.Duration, packed bool) (images []madeImage) {
		for i := range n {
			images = append(images, madeImage{id: fmt.Sprint(i), of: "/app", packed: packed, made: now.Add(-youngest - time.Duration(i)*time.Minute)})
		}
		return images
	}
	tests := map[string]struct {
		images []madeImage
		want   []string
	}{
		"a few of a program":              {versions(imageVersions, 24*time.Hour, true), nil},
		"many of a program":               {versions(imageVersions+2, 24*time.Hour, true), []string{"5", "6"}},
		"many of a program, just now":     {versions(imageVersions+2, 0, true), nil},
		"many of a program, within hours": {versions(imageVersions+60, 0, true), []string{"61", "62", "63", "64"}},
		"many of a build context":         {versions(imageVersions+2, 24*time.Hour, false), nil}, // of several services
		"one that is old":                 {versions(1, imageLife+time.Second, true), []string{"0"}},
		"one that is old, built":          {versions(1, imageLife+time.Second, false), []string{"0"}},
		"of unknown age":                  {[]madeImage{{id: "0", of: "/app", packed: true}}, nil},
		"of two programs":                 {append(versions(imageVersions, 24*time.Hour, true), madeImage{id: "other", of: "/other", packed: true, made: now.Add(-25 * time.Hour)}), nil},
	}
	for name, test := range tests {
		var got []string
		for _, l := range outdated(test.images, now) {
			assert.Equal(t, "image", l.Kind, name)
			assert.Contains(t, l.Detail, "of /app: unused, made at 20", name)
			got = append(got, l.ID)
		}
		assert.Equal(t, test.want, got, name)
	}
}

// What is packed is found again with its age, unless a container uses it.
func TestMadeImages(t *testing.T) {
	cli := needClient(t)
	program, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.WriteFile(file, append(program, rand.Text()...), 0o755))
	tag, err := pack(t.Context(), cli, content{program: file, at: "/app"})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := cli.ImageRemove(context.Background(), tag, client.ImageRemoveOptions{Force: true})
		assert.NoError(t, err)
	})
	find := func() []madeImage {
		all, err := madeImages(t.Context(), cli)
		require.NoError(t, err)
		return slices.DeleteFunc(all, func(i madeImage) bool { return i.of != file })
	}
	found := find()
	require.Len(t, found, 1)
	assert.True(t, found[0].packed)
	assert.WithinDuration(t, time.Now(), found[0].made, time.Minute)
	assert.Empty(t, outdated(found, time.Now()))
	assert.NotEmpty(t, outdated(found, time.Now().Add(imageLife+time.Minute)))

	created, err := cli.ContainerCreate(t.Context(), client.ContainerCreateOptions{Config: &container.Config{Image: tag, Cmd: []string{"/app"}}})
	require.NoError(t, err)
	defer func() {
		_, err := cli.ContainerRemove(context.Background(), created.ID, client.ContainerRemoveOptions{})
		assert.NoError(t, err)
	}()
	assert.Empty(t, find(), "it is in use")
}
