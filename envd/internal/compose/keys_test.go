package compose

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// extinct are keys that compose-go's types have and its schema refuses, most of them from Compose v1.
var extinct = []string{"net", "log_driver", "log_opt", "volume_driver", "services.dockerfile", "secrets.content"}

// keysFile says for users what becomes of each key.
var keysFile = filepath.Join("..", "..", "COMPOSE.md")

// TestEveryKeyIsKnown walks the types of compose-go: each key that a file may have is either supported or refused with a
// reason of its own, and COMPOSE.md says which. A new version of compose-go with a key that neither names fails here.
func TestEveryKeyIsKnown(t *testing.T) {
	var text strings.Builder
	for _, section := range []struct {
		name  string
		of    reflect.Type
		shape *shape
	}{
		{"services", reflect.TypeFor[types.ServiceConfig](), service},
		{"networks", reflect.TypeFor[types.NetworkConfig](), top.keys["networks"].any},
		{"volumes", reflect.TypeFor[types.VolumeConfig](), top.keys["volumes"].any},
		{"secrets", reflect.TypeFor[types.SecretConfig](), top.keys["secrets"].any},
		{"configs", reflect.TypeFor[types.ConfigObjConfig](), top.keys["configs"].any},
	} {
		k := &keys{t: t, said: map[string]string{}}
		k.walk(section.of, section.shape, []string{section.name})
		slices.Sort(k.work)
		fmt.Fprintf(&text, "\n## %s\n\nTake effect: %s.\n\n| key | |\n|---|---|\n", section.name, cmp.Or(strings.Join(k.work, ", "), "none"))
		for _, key := range slices.Sorted(maps.Keys(k.said)) {
			fmt.Fprintf(&text, "| `%s` | %s |\n", key, strings.ReplaceAll(k.said[key], ": linux/"+runtime.GOARCH, ""))
		}
	}
	b, err := os.ReadFile(keysFile)
	require.NoError(t, err)
	const mark = "-update`. -->\n"
	intro, rest, marked := strings.Cut(string(b), mark)
	require.True(t, marked)
	if flag.Lookup("update").Value.String() == "true" {
		rest = text.String()
		require.NoError(t, os.WriteFile(keysFile, []byte(intro+mark+rest), 0o644))
	}
	assert.Equal(t, rest, text.String(), "COMPOSE.md is not up to date: go test ./envd/internal/compose -update")
}

// keys are those of one section.
type keys struct {
	t    *testing.T
	work []string
	said map[string]string
}

func (k *keys) walk(of reflect.Type, s *shape, path []string) {
	for i := range of.NumField() {
		field := of.Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case field.Anonymous:
			k.walk(field.Type, s, path)
			continue
		case key == "" || key == "-" || strings.HasPrefix(key, "#"): // nothing that a file says
			continue
		case key == "name" && path[0] == "services": // the mapping's key
			continue
		}
		inside := append(slices.Clone(path), key)
		if slices.Contains(extinct, key) || slices.Contains(extinct, strings.Join(inside, ".")) {
			continue
		}
		name := strings.Join(inside[1:], ".")
		next, known := s.keys[key]
		switch {
		case !known:
			assert.NotEmpty(k.t, reason(inside), "%s is neither supported nor refused with a reason", name)
			k.said[name] = "refused: " + reason(inside)
		case next.idle != "":
			k.said[name] = "no effect: " + next.idle
		case next.only != nil:
			k.said[name] = fmt.Sprintf("`%s`; others are refused: %s", strings.Join(next.only, "`, `"), next.help)
		case next.form != nil:
			k.said[name] = "some values; others are refused: " + next.help
		case next.keys == nil && next.any == nil:
			k.work = append(k.work, "`"+name+"`")
		default:
			if next.any != nil {
				next = next.any
			}
			k.walk(structure(field.Type), next, inside)
		}
	}
}

// structure is the struct that a field holds, one or many of; nil where it holds none.
func structure(of reflect.Type) reflect.Type {
	for {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			of = of.Elem()
		case reflect.Struct:
			return of
		default:
			return nil
		}
	}
}
