package docker

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// Images that were packed or built here are kept for later environments, which make them again if they are gone: for
// imageLife after they were made and, where a program was packed again each time that it was compiled, the newest few. What
// was packed within the last hour may be another runner's that has not started its containers yet.
const (
	imageLife     = 7 * 24 * time.Hour
	imageVersions = 5
	imageRest     = time.Hour
)

// madeImage is an image that was packed or built here, and that no container uses.
type madeImage struct {
	id     string
	of     string    // the file or the build context
	packed bool      // and not built
	made   time.Time // zero if the engine does not know
}

func madeImages(ctx context.Context, cli *client.Client) ([]madeImage, error) {
	labelled, err := cli.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("label", labelPacked)})
	if err != nil || len(labelled.Items) == 0 {
		return nil, err
	}
	containers, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, c := range containers.Items {
		used[c.ImageID] = true
	}
	var unused []madeImage
	for _, i := range labelled.Items {
		if used[i.ID] {
			continue
		}
		seen, err := cli.ImageInspect(ctx, i.ID)
		if notFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		one := madeImage{id: i.ID, of: i.Labels[labelPacked], made: seen.Metadata.LastTagTime}
		one.packed = slices.ContainsFunc(i.RepoTags, func(tag string) bool { return strings.HasPrefix(tag, packedName+":") })
		if one.made.IsZero() && i.Created > 0 { // left by a failed build; packed images have no creation time either
			one.made = time.Unix(i.Created, 0)
		}
		unused = append(unused, one)
	}
	return unused, nil
}

// outdated returns the images that are not kept any longer.
func outdated(images []madeImage, now time.Time) []envd.Leftover {
	newestFirst := slices.Clone(images)
	slices.SortStableFunc(newestFirst, func(a, b madeImage) int { return b.made.Compare(a.made) })
	versions := map[string]int{}
	var old []envd.Leftover
	for _, i := range newestFirst {
		if i.packed {
			versions[i.of]++
		}
		age := now.Sub(i.made)
		if !i.made.IsZero() && (age > imageLife || age > imageRest && versions[i.of] > imageVersions) {
			old = append(old, envd.Leftover{Kind: "image", ID: i.id, Detail: "of " + i.of + ": unused, made at " + i.made.UTC().Format(time.RFC3339)})
		}
	}
	return old
}
