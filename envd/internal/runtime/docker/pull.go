package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// prepareImage makes a service's image present, as its build or its pull policy says, and remembers its ID: the service's
// containers run that very image, even if its tag moves. args are the build's, with references expanded.
func (r *Runtime) prepareImage(ctx context.Context, envID string, svc *envd.Service, args map[string]string) (envd.ImageFact, error) {
	fact := envd.ImageFact{Service: instanceOf(svc), Reference: svc.Image}
	cli, err := r.usable(ctx)
	if err != nil {
		return fact, err
	}
	if svc.Build != nil {
		fact.Reference, err = r.build(ctx, cli, svc, args)
	} else {
		err = pull(ctx, cli, svc.Image, svc.Pull)
	}
	if err != nil {
		return fact, fmt.Errorf("service %s: %w", fact.Service, err)
	}
	image, err := cli.ImageInspect(ctx, fact.Reference)
	if err != nil {
		return fact, fmt.Errorf("service %s: image %s: %w", fact.Service, fact.Reference, err)
	}
	fact.ID, fact.Digest, fact.Healthcheck = image.ID, digestOf(fact.Reference, image.RepoDigests), healthcheckOf(image)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.images[imageKey{envID, fact.Service}] = fact
	return fact, nil
}

// healthcheckOf returns the HEALTHCHECK of an image, or nil if it has none.
func healthcheckOf(image client.ImageInspectResult) *envd.Healthcheck {
	c := image.Config
	if c == nil || c.Healthcheck == nil {
		return nil
	}
	h := c.Healthcheck
	out := &envd.Healthcheck{
		Test: h.Test, Interval: envd.Duration(h.Interval), Timeout: envd.Duration(h.Timeout),
		StartPeriod: envd.Duration(h.StartPeriod), StartInterval: envd.Duration(h.StartInterval), Retries: h.Retries,
	}
	if len(h.Test) > 1 && h.Test[0] == "CMD-SHELL" && len(c.Shell) > 0 { // set by SHELL in the Dockerfile
		out.Test = slices.Concat([]string{"CMD"}, c.Shell, h.Test[1:])
	}
	if out.Command() == nil {
		return nil
	}
	return out
}

// imageKey identifies a prepared image; replicas share one.
type imageKey struct{ env, service string }

func instanceOf(svc *envd.Service) string { return cmp.Or(svc.ReplicaOf, svc.Name) }

// Image returns the image that a service runs, and false if none was prepared.
func (r *Runtime) Image(_ context.Context, envID, service string) (envd.ImageFact, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fact, ok := r.images[imageKey{envID, service}]
	return fact, ok
}

// preparedImage returns the service's image, and prepares it if OpImage did not.
func (e *environment) preparedImage(ctx context.Context, svc *envd.Service) (envd.ImageFact, error) {
	if fact, ok := e.rt.Image(ctx, e.id, instanceOf(svc)); ok && (svc.Build != nil || fact.Reference == svc.Image) {
		return fact, nil
	}
	return e.rt.prepareImage(ctx, e.id, svc, nil)
}

// digestOf picks, from an image's digests, the one in the registry that the reference names.
func digestOf(image string, digests []string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return ""
	}
	for _, d := range digests {
		if in, err := reference.ParseNormalizedNamed(d); err == nil && in.Name() == named.Name() {
			return d
		}
	}
	return ""
}

// pull makes an image present.
func pull(ctx context.Context, cli *client.Client, image, policy string) error {
	if _, err := reference.ParseNormalizedNamed(image); err != nil {
		return fmt.Errorf("%q is no name of an image (write name:tag or name@sha256:…): %w", image, err)
	}
	if policy != envd.PullAlways {
		_, err := cli.ImageInspect(ctx, image)
		switch {
		case err == nil:
			return nil
		case !notFound(err):
			return unreachable(cli.DaemonHost(), err)
		case policy == envd.PullNever:
			return fmt.Errorf("image %s is not on this machine, and pull: never keeps it from being fetched: docker pull %s, build it, or write pull: missing", image, image)
		}
	}
	auth, err := registryAuth(image)
	if err != nil {
		return fmt.Errorf("image %s: %w", image, err)
	}
	pulling, err := cli.ImagePull(ctx, image, client.ImagePullOptions{RegistryAuth: auth})
	if err == nil {
		err = errors.Join(pulling.Wait(ctx), pulling.Close())
	}
	if err == nil || ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return refusedPull(image, policy, auth != "", err)
}

// refusedPull explains why an image could not be pulled, and what to do.
func refusedPull(image, policy string, authenticated bool, err error) error {
	state := "is not on this machine"
	if policy == envd.PullAlways {
		state = "is to be pulled always"
	}
	host := "its registry"
	if named, parseErr := reference.ParseNormalizedNamed(image); parseErr == nil {
		host = reference.Domain(named)
	}
	text := strings.ToLower(err.Error())
	help := "could not be pulled"
	switch {
	case strings.Contains(text, "manifest unknown"), strings.Contains(text, "manifest for"), strings.Contains(text, "not found") && !strings.Contains(text, "lookup"):
		help = host + " has none of that name and tag: check both"
	case strings.Contains(text, "unauthorized"), strings.Contains(text, "denied"), strings.Contains(text, "no basic auth"), strings.Contains(text, "authentication required"):
		help = fmt.Sprintf("%s wants credentials that the docker configuration does not have: docker login %s", host, host)
		if authenticated {
			help = fmt.Sprintf("%s does not let the credentials of the docker configuration read it: docker login %s, or check the name", host, host)
		}
	case strings.Contains(text, "lookup"), strings.Contains(text, "dial tcp"), strings.Contains(text, "connection refused"), strings.Contains(text, "timeout"), strings.Contains(text, "connect:"):
		help = host + " cannot be reached from the engine: check the network, the engine's proxy, and the name"
	}
	return fmt.Errorf("image %s %s, and %s: %w", image, state, help, err)
}
