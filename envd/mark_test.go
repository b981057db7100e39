package envd

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEnvironMarksEveryProcess(t *testing.T) {
	env := Environ("shop-1", "api", "127.0.0.1", map[string]string{"A": "a=b", "PATH": "/bin", EnvironmentVar: "another", ServiceVar: "another", AddressVar: "::"})
	assert.Equal(t, []string{"A=a=b", "ENVD_ADDRESS=127.0.0.1", "ENVD_ENVIRONMENT=shop-1", "ENVD_SERVICE=api", "PATH=/bin"}, env)
}

// writerFunc is a writer whose values cannot be compared.
type writerFunc func(b []byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestExecMerged(t *testing.T) {
	var a, b bytes.Buffer
	for _, tt := range []struct {
		out, err io.Writer
		want     bool
	}{
		{&a, &a, true}, {&a, &b, false}, {nil, nil, false}, {&a, nil, false}, {nil, &a, false}, {writerFunc(a.Write), writerFunc(a.Write), false},
	} {
		assert.Equal(t, tt.want, Exec{Stdout: tt.out, Stderr: tt.err}.Merged(), "%T %T", tt.out, tt.err)
	}
}
