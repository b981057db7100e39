package event

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What WireMock 3.13.2 makes of the query string.
func TestParseParams(t *testing.T) {
	for in, want := range map[string]Params{
		"":                            nil,
		"a=1&a=2&b":                   {{"a", []string{"1", "2"}}, {"b", []string{""}}},
		"&a=1&":                       {{"", []string{""}}, {"a", []string{"1"}}},
		"a=1&&b=2":                    {{"a", []string{"1"}}, {"", []string{""}}, {"b", []string{"2"}}},
		"a=x+y&a=x%20y":               {{"a", []string{"x y", "x y"}}},
		"%61=1=2":                     {{"a", []string{"1=2"}}},
		"a=%zz":                       {{"a", []string{"%zz"}}},
		"d=2020-01-01T00:00:00+10:00": {{"d", []string{"2020-01-01T00:00:00+10:00"}}},
		"d=2020-01-01T00:00+01:00":    {{"d", []string{"2020-01-01T00:00+01:00"}}},
		"a[]=z":                       {{"a[]", []string{"z"}}},
	} {
		assert.Equal(t, want, ParseParams(in), in)
	}
}

func TestCookies(t *testing.T) {
	for in, want := range map[string]Params{
		"a=1":                      {{"a", []string{"1"}}},
		"b=2; a=1;a=3":             {{"b", []string{"2"}}, {"a", []string{"1", "3"}}},
		`a="x y"`:                  {{"a", []string{"x y"}}},
		"a=1,b=2":                  nil,
		"a":                        nil,
		"=1;a=1":                   {{"a", []string{"1"}}},
		"$Version=1; a=1; $Path=/": {{"a", []string{"1"}}},
		"`)((**$#@#=f; good=1":     {{"good", []string{"1"}}},
		"a=;b":                     {{"a", []string{""}}},
		"a=x y  z ; b = 1":         {{"a", []string{"x y  z"}}, {"b", []string{"1"}}},
		"a b=1; c=2":               {{"c", []string{"2"}}},
		"a=é; b=x,y; c=1":          {{"c", []string{"1"}}},
		`a="x;y"; b=1`:             {{"b", []string{"1"}}},
		`a="x; b=1`:                nil,
		`a="x\"y"; b="x,y"; c=1`:   {{"c", []string{"1"}}},
		`a="x" ; b="x"y; c=1`:      {{"a", []string{"x"}}, {"c", []string{"1"}}},
		"a=1; (b)=2; c=3":          {{"c", []string{"3"}}},
		"a=1; b(=2; c=3":           {{"a", []string{"1"}}, {"c", []string{"3"}}},
	} {
		r := Request{Header: http.Header{"Cookie": {in}}}
		assert.Equal(t, want, r.Cookies(), in)
	}
}

func TestHeadersKeepTheirSpellingAndOrderWhereTheHeadIsKnown(t *testing.T) {
	r := Request{Header: http.Header{"X-My-Hdr": {"1", "2"}, "Host": {"h"}, "Accept": {"a"}}}
	assert.Equal(t, []string{"Host", "Accept", "X-My-Hdr"}, r.HeaderNames())
	r.Head = []byte("GET / HTTP/1.1\r\nx-my-HDR: 1\r\nHost: h\r\nX-MY-hdr: 2\r\nAccept:a\r\n\r\nbody: no")
	assert.Equal(t, []string{"x-my-HDR", "Host", "Accept"}, r.HeaderNames())
	assert.Equal(t, []string{"1", "2"}, r.Values("X-MY-HDR"))
}

func TestText(t *testing.T) {
	r := Request{Body: []byte{0xb9, 0xfa}, Header: http.Header{"Content-Type": {"text/plain; charset=GB2312"}}}
	assert.Equal(t, "国", r.Text())
	assert.False(t, r.IsUTF8())
	assert.Equal(t, "x", Decode([]byte("x"), "text/plain; charset=nonsense"))
}

func multipartRequest(boundary, body string) *Request {
	return &Request{Header: http.Header{"Content-Type": {"multipart/form-data; boundary=" + boundary}}, Body: []byte(body)}
}

func TestParts(t *testing.T) {
	r := multipartRequest("bb", "--bb\r\nContent-Disposition: form-data; name=\"p\"; filename=\"f.txt\"\r\nX-P: 1\r\n\r\nhello\r\n--bb\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\ncut off")
	parts, err := r.Parts()
	require.Error(t, err, "the last part has no end")
	require.NotEmpty(t, parts)
	assert.Equal(t, "p", parts[0].Name)
	assert.Equal(t, "f.txt", parts[0].FileName)
	assert.Equal(t, "1", parts[0].Header.Get("X-P"))
	assert.Equal(t, "hello", string(parts[0].Body))
	none, err := (&Request{Header: http.Header{}}).Parts()
	require.NoError(t, err)
	assert.Nil(t, none)
}

// However a body is cut into parts, they are bounded in number and together no larger than it.
func FuzzParts(f *testing.F) {
	f.Add("bb", "--bb\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\nhello\r\n--bb--\r\n")
	f.Add("bb", "--bb\r\n\r\n--bb\r\n\r\n--bb--")
	f.Add(`"a b"`, "--a b\r\nContent-Disposition: x; name*=utf-8''%ff\r\n\r\n")
	f.Add("", "--\r\n\r\n")
	f.Fuzz(func(t *testing.T, boundary, body string) {
		parts, _ := multipartRequest(boundary, body).Parts()
		total := 0
		for _, p := range parts {
			total += len(p.Body)
		}
		if len(parts) > maxParts || total > len(body) {
			t.Fatalf("%d parts of %d bytes out of %d", len(parts), total, len(body))
		}
	})
}

// Parameters and cookies never grow beyond what came in, and come out of any input.
func FuzzParams(f *testing.F) {
	for _, seed := range []string{"a=1&b=%20+&&c", "%", "a=2020-01-01T00:00:00+10:00", "a=\"x; y\"; $b=1", strings.Repeat("&", 50)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, params := range []Params{ParseParams(s), (&Request{Header: http.Header{"Cookie": {s}}}).Cookies()} {
			size := 0
			for _, p := range params {
				size += len(p.Name)
				for _, v := range p.Values {
					size += len(v)
				}
			}
			if size > len(s) {
				t.Fatalf("%d bytes out of %d", size, len(s))
			}
		}
	})
}
