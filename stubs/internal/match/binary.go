package match

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

type binaryEqualTo struct{ expected []byte }

func parseBinary(o *jsondoc.Object, ptr string) (Pattern, error) {
	v, _ := o.Get("binaryEqualTo")
	s, ok := v.(string)
	if !ok {
		return nil, newError(ptr, `Cannot invoke "String.getBytes(java.nio.charset.Charset)" because "src" is null`)
	}
	b, problem := decodeBase64(s)
	if problem != "" {
		return nil, newError(ptr, problem)
	}
	return &binaryEqualTo{b}, nil
}

// decodeBase64 decodes like java.util.Base64's basic decoder: padding may be missing. The problem has its words.
func decodeBase64(s string) (b []byte, problem string) {
	if b, err := base64.StdEncoding.DecodeString(s); err == nil {
		return b, ""
	}
	if len(s) == 1 {
		return nil, "Input byte[] should at least have 2 bytes for base64 bytes"
	}
	data := 0
	for ; data < len(s) && s[data] != '='; data++ {
		if _, err := base64.RawStdEncoding.DecodeString("AAA" + s[data:data+1]); err != nil {
			return nil, fmt.Sprintf("Illegal base64 character %x", s[data])
		}
	}
	padding := len(s) - data
	switch data % 4 {
	case 0:
		if padding > 0 {
			return nil, "Input byte array has wrong 4-byte ending unit"
		}
	case 1:
		if padding > 0 {
			return nil, "Input byte array has wrong 4-byte ending unit"
		}
		return nil, "Last unit does not have enough valid bits"
	case 2:
		if padding > 0 && (padding < 2 || s[data+1] != '=') {
			return nil, "Input byte array has wrong 4-byte ending unit"
		}
		if padding > 2 {
			return nil, fmt.Sprintf("Input byte array has incorrect ending byte at %d", data+2)
		}
	case 3:
		if padding > 1 {
			return nil, fmt.Sprintf("Input byte array has incorrect ending byte at %d", data+1)
		}
	}
	b, err := base64.RawStdEncoding.DecodeString(s[:data])
	if err != nil {
		return nil, err.Error()
	}
	return b, ""
}

func (p *binaryEqualTo) Exact(v Value) bool {
	return bytes.Equal(p.expected, v.raw()) // an absent body has no bytes, but is not null
}

func (p *binaryEqualTo) Match(v Value) Result { return exactly(p.Exact(v)) }
func (p *binaryEqualTo) Name() string         { return "binaryEqualTo" }
func (p *binaryEqualTo) Expected() string     { return base64.StdEncoding.EncodeToString(p.expected) }

func (p *binaryEqualTo) MarshalJSON() ([]byte, error) {
	return new(printer).text(p.Name(), p.Expected()).bytes()
}
