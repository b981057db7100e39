package compose

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"go.yaml.in/yaml/v3"
)

// Variables of the process by which Compose is set up
// (https://docs.docker.com/compose/how-tos/environment-variables/envvars/).
const (
	filesVariable     = "COMPOSE_FILE"
	separatorVariable = "COMPOSE_PATH_SEPARATOR"
	projectVariable   = "COMPOSE_PROJECT_NAME"
	profilesVariable  = "COMPOSE_PROFILES"
	envFilesVariable  = "COMPOSE_ENV_FILES"
	noEnvFileVariable = "COMPOSE_DISABLE_ENV_FILE"
)

// DefaultFiles returns the compose files that COMPOSE_FILE names, in the process or in the .env of the working directory.
// There are none if it is not set.
func DefaultFiles(env func(string) (string, bool)) ([]string, error) {
	vars, err := dotenv.Read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	lookup := func(name string) string {
		value, _ := env(name)
		return cmp.Or(value, vars[name])
	}
	separator := cmp.Or(lookup(separatorVariable), string(os.PathListSeparator))
	var files []string
	for name := range strings.SplitSeq(lookup(filesVariable), separator) {
		if name != "" {
			files = append(files, name)
		}
	}
	return files, nil
}

// mainEnvFiles are the files of variables that stand in for the .env of the project's folder; nil if none do.
func (r *reader) mainEnvFiles() (files []string, err error) {
	if value, _ := r.Lookup.Env(noEnvFileVariable); value != "" {
		if off, err := strconv.ParseBool(value); err == nil && off {
			return []string{}, nil
		}
	}
	list, _ := r.Lookup.Env(envFilesVariable)
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		path, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	return files, nil
}

// nameProject finds the project's name, which references may use: that of the variable, of the last file that has one, or
// of the folder.
func (r *reader) nameProject() {
	main := r.scopes[0]
	given, _, _ := main.lookup(projectVariable)
	main.project = loader.NormalizeProjectName(filepath.Base(main.dir))
	for _, f := range r.files {
		if f.scope != main {
			continue
		}
		if _, n := child(f.root, "name"); n != nil && resolved(n).Kind == yaml.ScalarNode {
			// What is wrong with it is said when the whole file is checked.
			main.project = cmp.Or((&checker{reader: r, file: f}).references(resolved(n), resolved(n).Value, false), main.project)
		}
	}
	if given != "" {
		main.project, r.named = given, true
	}
}
