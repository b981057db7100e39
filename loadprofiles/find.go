package loadprofiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Version is the k6 that this package is written for and tested with. The nested module k6/go.mod pins the same.
const Version = "2.2.0"

// K6 is a k6 executable of the right version.
type K6 struct {
	Path string
}

// Lookup says where to look for k6. The first place that has one counts; one of another version is an error there,
// not a reason to look further.
type Lookup struct {
	Path   string   // exactly this one
	Beside []string // directories searched before PATH; default: the directory of the running executable
}

// EnvironmentVariable names k6's path, after an explicit one and before all others.
const EnvironmentVariable = "ENVD_K6"

// ErrNotFound says that there is no k6 in any of the places.
var ErrNotFound = errors.New("k6 not found")

const howToInstall = "run `make k6`, or install k6 v" + Version +
	" from https://grafana.com/docs/k6/latest/set-up/install-k6/ and name it in " + EnvironmentVariable

// Find returns the k6 of the pinned version: the explicit path, $ENVD_K6, next to this executable, or on PATH.
func Find(ctx context.Context, lookup Lookup) (K6, error) {
	path, err := lookup.locate()
	if err != nil {
		return K6{}, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return K6{}, err
	}
	version, err := versionOf(ctx, path)
	if err != nil {
		return K6{}, fmt.Errorf("%s is not a working k6: %w; %s", path, err, howToInstall)
	}
	if version != Version {
		return K6{}, fmt.Errorf("%s is k6 v%s, but v%s is needed; %s", path, version, Version, howToInstall)
	}
	return K6{Path: path}, nil
}

func (l Lookup) locate() (string, error) {
	if l.Path != "" {
		return l.Path, nil
	}
	if path := os.Getenv(EnvironmentVariable); path != "" {
		return path, nil
	}
	if l.Beside == nil {
		if self, err := os.Executable(); err == nil {
			l.Beside = []string{filepath.Dir(self)}
		}
	}
	for _, dir := range l.Beside {
		if path, err := exec.LookPath(filepath.Join(dir, "k6")); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath("k6")
	if err != nil {
		places := strings.Join(append(l.Beside, "PATH"), ", ")
		return "", fmt.Errorf("%w in %s; %s", ErrNotFound, places, howToInstall)
	}
	return path, nil
}

// versionOf asks an executable; k6 answers "k6 v2.2.0 (go1.26.0, linux/amd64)", with "commit/…" where it knows one.
func versionOf(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = []string{"HOME=" + os.TempDir(), "NO_COLOR=1", "K6_AUTO_EXTENSION_RESOLUTION=false"}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", err
	}
	name, rest, _ := bytes.Cut(out, []byte(" v"))
	version, _, _ := bytes.Cut(rest, []byte(" "))
	if string(name) != "k6" || len(version) == 0 {
		return "", fmt.Errorf("`version` answers %.60q", out)
	}
	return strings.TrimSpace(string(version)), nil
}
