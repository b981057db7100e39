package compose

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
)

// copies holds rewritten copies of files that are included or extended. compose-go takes such files from the disk, so the
// copies, with references settled, are written there. It implements compose-go's ResourceLoader, so that relative paths
// start from where the originals are.
type copies struct {
	dir  string           // holds the copies; "" as long as there are none
	of   map[string]*file // the originals, by the path of the copy
	made map[*file]string
}

func (c *copies) Accept(path string) bool                             { return c.of[path] != nil }
func (c *copies) Load(_ context.Context, path string) (string, error) { return path, nil }
func (c *copies) Dir(path string) string                              { return c.of[path].dir }

// load has compose-go make one project of the checked files.
func (r *reader) load() (err error) {
	written := &copies{of: map[string]*file{}, made: map[*file]string{}}
	defer func() {
		if written.dir != "" {
			_ = os.RemoveAll(written.dir) // in the system's folder for such things
		}
		for path, f := range written.of {
			if err != nil && strings.Contains(err.Error(), path) {
				err = fmt.Errorf("%s", strings.ReplaceAll(err.Error(), path, r.Display(f.path)))
			}
		}
	}()
	main := r.scopes[0]
	details := types.ConfigDetails{WorkingDir: main.dir, Environment: types.Mapping{}}
	for _, f := range r.files {
		if f.scope != main {
			continue // it is included
		}
		content, err := written.text(f)
		if err != nil {
			return err
		}
		details.ConfigFiles = append(details.ConfigFiles, types.ConfigFile{Filename: f.path, Content: content})
	}
	options := func(o *loader.Options) {
		o.SkipResolveEnvironment, o.SkipConsistencyCheck = true, true
		o.Profiles = r.profiles()
		o.ResourceLoaders = []loader.ResourceLoader{written}
		o.SetProjectName(main.project, r.named)
	}
	model, err := loader.LoadModelWithContext(context.Background(), details, options)
	if err != nil {
		return err
	}
	o := loader.ToOptions(&details, []func(*loader.Options){options})
	if name, ok := model["name"].(string); ok {
		o.SetProjectName(name, true)
	}
	r.model = model
	r.project, err = loader.ModelToProject(model, o, details)
	return err
}

// text returns a file as compose-go is to read it.
func (c *copies) text(f *file) ([]byte, error) {
	root, err := c.rewrite(f)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	err = yaml.NewEncoder(&content).Encode(root)
	return content.Bytes(), err
}

// write writes the copy of a file, once, and returns its path.
func (c *copies) write(f *file) (path string, err error) {
	if path, ok := c.made[f]; ok {
		return path, nil
	}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "envd-compose-"); err != nil {
			return "", err
		}
	}
	path = filepath.Join(c.dir, strconv.Itoa(len(c.made))+"-"+filepath.Base(f.path))
	c.made[f], c.of[path] = path, f // before its content: services of two files may extend each other's
	content, err := c.text(f)
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, content, 0o600)
}

// rewrite returns a file as compose-go is to read it: references settled, aliases written out, other files named by their
// copies. A file that only lends services is reduced to those.
func (c *copies) rewrite(f *file) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	if f.lender {
		services := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range slices.Sorted(maps.Keys(f.lent)) {
			node, err := c.node(f, f.service(name).node)
			if err != nil {
				return nil, err
			}
			services.Content = append(services.Content, scalar(name), node)
		}
		out.Content = append(out.Content, scalar("services"), services)
		return out, nil
	}
	for i := 0; i+1 < len(f.root.Content); i += 2 {
		key, value := f.root.Content[i], f.root.Content[i+1]
		var err error
		switch {
		case key.Value == "version" || strings.HasPrefix(key.Value, "x-"): // mean nothing to Compose
			continue
		case key.Value == "include":
			value, err = c.includes(f)
		default:
			value, err = c.node(f, value)
		}
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, scalar(key.Value), value)
	}
	return out, nil
}

// includes returns a file's include list with the paths of the copies. References in those are settled, so no env_file is
// named.
func (c *copies) includes(f *file) (*yaml.Node, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, one := range f.includes {
		paths := &yaml.Node{Kind: yaml.SequenceNode}
		for _, in := range one.files {
			path, err := c.write(in)
			if err != nil {
				return nil, err
			}
			paths.Content = append(paths.Content, scalar(path))
		}
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			scalar("path"), paths, scalar("project_directory"), scalar(one.dir), scalar("env_file"), scalar(os.DevNull),
		}})
	}
	return list, nil
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: escape(text)}
}

// node returns a node as compose-go is to read it.
func (c *copies) node(f *file, n *yaml.Node) (*yaml.Node, error) {
	n = resolved(n)
	if n.Kind == yaml.ScalarNode {
		if lender := f.lends[n]; lender != nil {
			path, err := c.write(lender)
			return scalar(path), err
		}
		if stands, ok := f.scalars[n]; ok {
			return stands, nil
		}
	}
	out := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Style: n.Style, Value: n.Value}
	for i, inner := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			out.Content = append(out.Content, &yaml.Node{Kind: inner.Kind, Tag: inner.Tag, Style: inner.Style, Value: inner.Value})
			continue
		}
		node, err := c.node(f, inner)
		if err != nil {
			return nil, err
		}
		if node != nil {
			out.Content = append(out.Content, node)
		}
	}
	return out, nil
}
