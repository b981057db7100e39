package docker

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"

	"github.com/cpuguy83/dockercfg"
	"github.com/distribution/reference"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"
)

// credentials returns what the docker command would present to the registry of an image: from its credential helper, its
// credential store or its configuration file. They are zero if it has none.
func credentials(image string) (registry.AuthConfig, error) {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return registry.AuthConfig{}, err
	}
	config, err := dockerConfig()
	if err != nil {
		return registry.AuthConfig{}, err
	}
	return credentialsOf(config, reference.Domain(named))
}

// dockerConfig reads the docker command's configuration; it is empty if there is none.
func dockerConfig() (config dockercfg.Config, err error) {
	path, err := dockercfg.ConfigPath()
	if err != nil {
		return config, nil // no home, no configuration
	}
	if err = dockercfg.FromFile(path, &config); errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return config, err
}

func credentialsOf(config dockercfg.Config, host string) (registry.AuthConfig, error) {
	none := registry.AuthConfig{}
	host = dockercfg.ResolveRegistryHost(host)
	helper := config.CredentialsStore
	if named, ok := config.CredentialHelpers[host]; ok {
		helper = named
	}
	if helper != "" { // dockercfg would silently ignore that it is missing
		if _, err := exec.LookPath("docker-credential-" + helper); err != nil {
			return none, fmt.Errorf("the docker configuration has the credential helper %s answer for %s: there is no program docker-credential-%s in PATH", helper, host, helper)
		}
	} else if _, known := config.AuthConfigs[host]; !known {
		if _, known := config.AuthConfigs["https://"+host]; !known {
			return none, nil
		}
		host = "https://" + host // the form that old versions of docker login wrote
	}
	user, secret, err := config.GetRegistryCredentials(host)
	switch {
	case err != nil:
		return none, fmt.Errorf("credentials for %s: %w", host, err)
	case user == "" && secret == "":
		return none, nil
	case user == "":
		return registry.AuthConfig{IdentityToken: secret, ServerAddress: host}, nil
	}
	return registry.AuthConfig{Username: user, Password: secret, ServerAddress: host}, nil
}

// registryAuth returns the header that passes an image's credentials to the engine.
func registryAuth(image string) (string, error) {
	auth, err := credentials(image)
	if err != nil || auth == (registry.AuthConfig{}) {
		return "", err
	}
	return authconfig.Encode(auth)
}

// allCredentials returns those for every registry in the configuration, since nobody knows which ones a build needs.
func allCredentials() (map[string]registry.AuthConfig, error) {
	config, err := dockerConfig()
	if err != nil {
		return nil, err
	}
	all := map[string]registry.AuthConfig{}
	for host := range config.AuthConfigs {
		if all[host], err = credentialsOf(config, host); err != nil {
			return nil, err
		}
	}
	for host := range config.CredentialHelpers {
		if all[host], err = credentialsOf(config, host); err != nil {
			return nil, err
		}
	}
	return all, nil
}
