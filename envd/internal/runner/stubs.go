package runner

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/gateway"
)

// JarVariable names the standalone jar of the real WireMock.
const JarVariable = "ENVD_WIREMOCK_JAR"

// ImageVariable names the image from which WireMock runs in containers: wiremock/wiremock or, together with JarVariable,
// any image with Java.
const ImageVariable = "ENVD_WIREMOCK_IMAGE"

// imagesJar is where the image wiremock/wiremock has its jar.
const imagesJar = "/var/wiremock/lib/wiremock-standalone.jar"

// jar is the path of WireMock's jar, as the gateway sees it.
func (s *session) jar(stub *envd.Stub) (string, error) {
	if jar, ok := s.Lookup.Env(JarVariable); ok && jar != "" {
		return jar, nil
	}
	images := ""
	if _, ok := s.Runtime.(envd.ImageReporter); ok {
		if image, ok := s.Lookup.Env(ImageVariable); ok && image != "" {
			return imagesJar, nil
		}
		images = fmt.Sprintf("; or %s, the name of an image such as wiremock/wiremock:3.13.2", ImageVariable)
	}
	return "", fmt.Errorf("stub %s: engine wiremock needs %s, the path of wiremock-standalone-3.x.jar "+
		"(the npm package wiremock ships it), and java%s", stub.Host, JarVariable, images)
}

// loadStub reads a stub's mappings and files and hands them to the gateway.
func (s *session) loadStub(ctx context.Context, stub *envd.Stub) error {
	c := gateway.StubConfig{Engine: stub.Engine, Ports: stub.Ports, TLSPorts: stub.TLSPorts, Aliases: stub.Aliases, Files: map[string][]byte{}}
	c.Seed = stubSeed(s.meta.Seed, stub.Host)
	if stub.Engine == envd.EngineWireMock {
		jar, err := s.jar(stub)
		if err != nil {
			return err
		}
		c.Jar = jar
	}
	if stub.Dir != "" {
		if err := readMappings(stub.Dir, &c); err != nil {
			return err
		}
	}
	for i, m := range stub.Mappings {
		c.Mappings = append(c.Mappings, gateway.MappingFile{Name: fmt.Sprintf("inline[%d]", i), Document: json.RawMessage(m)})
	}
	if err := s.gateway.PutStub(ctx, stub.Host, c); err != nil {
		return fmt.Errorf("stub %s: %w", stub.Host, err)
	}
	return nil
}

// maxSeed is the largest integer that every JSON reader keeps exact (RFC 8259, 6).
const maxSeed = 1<<53 - 1

// seedOf returns the seed of a run's stubs: the spec's, or a new one; 0 if there are no stubs.
func seedOf(e *envd.Environment) uint64 {
	if e.Seed != 0 || len(e.Stubs) == 0 {
		return e.Seed
	}
	return 1 + rand.Uint64N(maxSeed)
}

// stubSeed derives a stub's own seed, so that stubs draw differently, and adding a stub changes nothing for the others.
func stubSeed(run uint64, host string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, run)) // never fails
	_, _ = h.Write([]byte(host))
	return max(1, h.Sum64())
}

// openLink opens a link in the gateway, between its consumer and its dependency.
func (s *session) openLink(ctx context.Context, l *envd.Link) error {
	c := gateway.LinkConfig{Ports: l.Ports, Stub: s.Spec.Environment.Stub(l.To) != nil}
	if err := s.gateway.PutLink(ctx, l.String(), c); err != nil {
		return fmt.Errorf("link %s: %w", l, err)
	}
	return nil
}

// readMappings reads one mapping file, or a directory in WireMock's layout: mappings/ and __files/ below it, or
// mapping files right in it.
func readMappings(path string, c *gateway.StubConfig) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return readMapping(path, filepath.Base(path), c)
	}
	mappings := filepath.Join(path, "mappings")
	if _, err := os.Stat(mappings); errors.Is(err, fs.ErrNotExist) {
		mappings = path
	}
	err = walk(mappings, func(file, name string) error {
		if mappings == path && strings.HasPrefix(name, "__files/") {
			return nil
		}
		if !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(file)) {
			return nil
		}
		return readMapping(file, name, c)
	})
	if err != nil {
		return err
	}
	return walk(filepath.Join(path, "__files"), func(file, name string) error {
		b, err := os.ReadFile(file)
		c.Files[name] = b
		return err
	})
}

func readMapping(file, name string, c *gateway.StubConfig) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c.Mappings = append(c.Mappings, gateway.MappingFile{Name: name, Document: b})
	return nil
}

// walk calls each for every file below root, in lexical order. A root that does not exist has none.
func walk(root string, each func(file, name string) error) error {
	err := filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		return each(file, filepath.ToSlash(name))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// lastServed bounds the wait for the end of the stubs' journal.
const lastServed = 5 * time.Second

// followStubs writes every request that stubs serve into stubs/<host>.ndjson, until s.stopFollowing is called. It returns
// as soon as the stream from the gateway is open.
func (s *session) followStubs(ctx context.Context) error {
	if len(s.Spec.Environment.Stubs) == 0 {
		return nil
	}
	logs := map[string]*evidence.Log{}
	for _, stub := range s.Spec.Environment.Stubs {
		log, err := s.Dir.OpenLog(filepath.Join(evidence.StubsDir, stub.Host+".ndjson"))
		if err != nil {
			return err
		}
		logs[stub.Host] = log
	}
	standing, failed, ended := make(chan struct{}), make(chan error, 1), make(chan struct{})
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopFollowing = sync.OnceFunc(func() {
		defer stop()
		ctx, cancel := context.WithTimeout(following, lastServed)
		defer cancel()
		if s.gateway.EndServed(ctx) == nil { // otherwise the gateway is gone, and the stream has ended with it
			select {
			case <-ended:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			s.complain("stub journal", fmt.Errorf("its last requests did not arrive within %s", lastServed))
		}
	})
	s.background.Go(func() {
		defer close(ended)
		err := s.gateway.Served(following, func() { close(standing) }, func(served gateway.Served) {
			if log := logs[served.Host]; log != nil {
				err := log.Append(served)
				_ = err // kept by the log for Close
			}
		})
		for _, log := range logs {
			err = errors.Join(err, log.Close())
		}
		if err != nil {
			s.rec.tell(Notice{Step: "stub journal", Text: err.Error(), Failed: true})
		}
		failed <- err
	})
	select {
	case <-standing:
		return nil
	case err := <-failed:
		return fmt.Errorf("stub journal: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}
