package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/kafka"
	"github.com/testcontainers/testcontainers-go/modules/mongodb"
	"github.com/testcontainers/testcontainers-go/modules/mysql"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
	"github.com/testcontainers/testcontainers-go/modules/rabbitmq"
	"github.com/testcontainers/testcontainers-go/modules/redis"
	"github.com/testcontainers/testcontainers-go/wait"
)

// Module is one entry of the table, as package modules reads it.
type Module struct {
	Name    string            `json:"name"`
	Image   string            `json:"image"`
	Command []string          `json:"command,omitempty"`
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	Ports   []int             `json:"ports,omitempty"`
	Files   []File            `json:"files,omitempty"`
	Wait    []Wait            `json:"wait,omitempty"`
}

// File is what a module copies into its container. Host stands for the service's name in its content.
type File struct {
	Path    string `json:"path"`
	Mode    uint32 `json:"mode"`
	Content string `json:"content"`
}

// Wait is one wait strategy; exactly one of Log and Port is set.
type Wait struct {
	Log        string `json:"log,omitempty"`
	Regexp     bool   `json:"regexp,omitempty"`
	Occurrence int    `json:"occurrence,omitempty"`
	Port       string `json:"port,omitempty"`
}

// Host is replaced by the name under which other services know the service.
const Host = "{{host}}"

// runner is a module's own Run, its result left out.
type runner func(ctx context.Context, image string, options ...testcontainers.ContainerCustomizer) error

func only[C any](run func(context.Context, string, ...testcontainers.ContainerCustomizer) (C, error)) runner {
	return func(ctx context.Context, image string, options ...testcontainers.ContainerCustomizer) error {
		_, err := run(ctx, image, options...)
		return err
	}
}

// known are the modules with the images that their documentation uses. wait is what a module waits for in code that
// shows it to nobody.
var known = []struct {
	name, image string
	run         runner
	options     []testcontainers.ContainerCustomizer
	wait        []Wait
}{
	{
		name: "kafka", image: "confluentinc/confluent-local:7.5.0", run: only(kafka.Run),
		wait: []Wait{{Log: ".*Transitioning from RECOVERY to RUNNING.*", Regexp: true, Occurrence: 1}},
	},
	{name: "mongodb", image: "mongo:7", run: only(mongodb.Run)},
	{name: "mysql", image: "mysql:8.0.36", run: only(mysql.Run)},
	{
		name: "postgres", image: "postgres:17-alpine", run: only(postgres.Run),
		options: []testcontainers.ContainerCustomizer{postgres.BasicWaitStrategies()},
	},
	{name: "rabbitmq", image: "rabbitmq:3.12.11-management-alpine", run: only(rabbitmq.Run)},
	{name: "redis", image: "redis:7", run: only(redis.Run)},
}

// Table is the JSON of all modules.
func Table() ([]byte, error) {
	var table []Module
	for _, k := range known {
		request, err := requestOf(k.run, k.image, k.options)
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", k.name, err)
		}
		m, err := describe(request)
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", k.name, err)
		}
		m.Name, m.Wait = k.name, append(m.Wait, k.wait...)
		table = append(table, m)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(table)
	return out.Bytes(), err
}

// nobody is a provider of containers that there is not: with it, Run ends where it would begin to talk to an engine.
const nobody = testcontainers.ProviderType(-1)

// requestOf is the container that a module would start, all of its options applied.
func requestOf(run runner, image string, options []testcontainers.ContainerCustomizer) (request *testcontainers.GenericContainerRequest, err error) {
	catch := testcontainers.CustomizeRequestOption(func(r *testcontainers.GenericContainerRequest) error {
		request, r.ProviderType = r, nobody // options that come later change the same request
		return nil
	})
	err = run(context.Background(), image, append(slices.Clone(options), catch)...)
	if request == nil {
		return nil, errors.Join(errors.New("it asks for no container"), err)
	}
	return request, nil
}

func describe(request *testcontainers.GenericContainerRequest) (Module, error) {
	m := Module{Image: request.Image, Args: request.Cmd, Env: request.Env}
	if len(request.Entrypoint) > 0 {
		m.Command, m.Args = slices.Concat(request.Entrypoint, request.Cmd), nil
	}
	for _, text := range request.ExposedPorts {
		port, err := network.ParsePort(text)
		if err != nil {
			return m, err
		}
		m.Ports = append(m.Ports, int(port.Num()))
	}
	seen := &recorder{}
	for _, f := range request.Files {
		content, err := contentOf(f)
		if err != nil {
			return m, err
		}
		seen.files = append(seen.files, File{Path: f.ContainerFilePath, Mode: uint32(f.FileMode), Content: string(content)})
	}
	for _, hooks := range request.LifecycleHooks {
		if len(hooks.PreCreates)+len(hooks.PostCreates)+len(hooks.PreStarts)+len(hooks.PostReadies) > 0 {
			return m, errors.New("it has hooks that there is no place for")
		}
		for _, hook := range hooks.PostStarts {
			ctx, cancel := context.WithCancelCause(context.Background())
			seen.waits = func() { cancel(errWaits) }
			if err := hook(ctx, seen); !errors.Is(context.Cause(ctx), errWaits) {
				return m, fmt.Errorf("its hook does something else than copying files and waiting for a log line: %w", err)
			}
		}
	}
	m.Files = seen.files
	var err error
	if request.WaitingFor != nil {
		m.Wait, err = waits(request.WaitingFor)
	}
	return m, err
}

// contentOf is what a module copies into its container before the start, which it may have written to a file of its own.
func contentOf(f testcontainers.ContainerFile) ([]byte, error) {
	if f.Reader != nil {
		return io.ReadAll(f.Reader)
	}
	return os.ReadFile(f.HostFilePath)
}

// waits writes a strategy as data.
func waits(s wait.Strategy) ([]Wait, error) {
	switch s := s.(type) {
	case *wait.MultiStrategy:
		var all []Wait
		for _, one := range s.Strategies {
			w, err := waits(one)
			if err != nil {
				return nil, err
			}
			all = append(all, w...)
		}
		return all, nil
	case *wait.LogStrategy:
		return []Wait{{Log: s.Log, Regexp: s.IsRegexp, Occurrence: s.Occurrence}}, nil
	case *wait.HostPortStrategy:
		return []Wait{{Port: s.Port}}, nil
	}
	return nil, fmt.Errorf("the table has no form for the wait strategy %T", s)
}

// recorder is a container that notes what a hook copies into it, under the name Host. What no known hook calls is left
// to the nil interface.
type recorder struct {
	testcontainers.Container
	files []File
	waits func() // called when the hook comes to wait
}

// errWaits is how a hook ends that has done everything but wait.
var errWaits = errors.New("it waits for the container's output")

func (r *recorder) MappedPort(_ context.Context, port string) (network.Port, error) {
	return network.ParsePort(port)
}

func (r *recorder) PortEndpoint(_ context.Context, port, proto string) (string, error) {
	p, err := network.ParsePort(port)
	return fmt.Sprintf("%s://%s:%d", proto, Host, p.Num()), err
}

func (r *recorder) Inspect(context.Context) (*container.InspectResponse, error) {
	return &container.InspectResponse{Config: &container.Config{Hostname: Host}}, nil
}

func (r *recorder) State(context.Context) (*container.State, error) {
	return &container.State{Running: true}, nil
}

func (r *recorder) CopyToContainer(_ context.Context, content []byte, path string, mode int64) error {
	r.files = append(r.files, File{Path: path, Mode: uint32(mode), Content: string(content)})
	return nil
}

func (r *recorder) Logs(context.Context) (io.ReadCloser, error) {
	r.waits()
	return nil, errWaits
}
