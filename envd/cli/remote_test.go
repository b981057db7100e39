package cli

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAsGiven(t *testing.T) {
	t.Chdir(t.TempDir())
	absolute, err := filepath.Abs("shop")
	assert.NoError(t, err)
	for _, c := range []struct{ path, file, want string }{
		{"envd.yaml", "envd.yaml", "envd.yaml"},                                   // of an upload
		{"shop/envd.yaml", "envd.yaml", "shop/envd.yaml"},                         //
		{"shop/envd.yaml", "stubs/pay.json", "shop/stubs/pay.json"},               //
		{"shop/envd.yaml", absolute + "/envd.yaml", "shop/envd.yaml"},             // of a path
		{"./shop/envd.yaml", absolute + "/stubs/pay.json", "shop/stubs/pay.json"}, //
		{"shop/envd.yaml", "--runtime", "--runtime"},                              // of the command line
		{"shop/envd.yaml", "/elsewhere/pay.json", "/elsewhere/pay.json"},          //
		{absolute + "/envd.yaml", absolute + "/envd.yaml", absolute + "/envd.yaml"},
	} {
		assert.Equal(t, c.want, asGiven(c.path, c.file), "%+v", c)
	}
}
