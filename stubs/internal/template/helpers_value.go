package template

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func helpVal(o *options) (any, error) {
	v := o.context
	if v == nil {
		v = o.optionOr("or", o.option("default"))
	}
	name := o.option("assign")
	if name == nil {
		return v, nil
	}
	text, _, err := asString(name)
	if err != nil {
		return nil, err
	}
	o.r.setData(text, v)
	return nil, nil
}

func helpTrim(o *options) (any, error) {
	s, err := o.text()
	return javaTrim(s), err
}

func helpBase64(o *options) (any, error) {
	s, err := o.text()
	if err != nil {
		return nil, err
	}
	if o.option("decode") == true {
		return decodeBase64(s)
	}
	if padding := o.option("padding"); padding == nil || padding == true {
		return base64.StdEncoding.EncodeToString([]byte(s)), nil
	}
	return base64.RawStdEncoding.EncodeToString([]byte(s)), nil
}

// latin1 is String.getBytes(ISO_8859_1).
func latin1(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xFF {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

// decodeBase64 decodes as java.util.Base64 does, padded or not, with its words for what is wrong.
func decodeBase64(text string) (any, error) {
	s := latin1(text)
	if len(s) == 1 {
		return nil, illegalArgument("Input byte[] should at least have 2 bytes for base64 bytes")
	}
	var out []byte
	var bits uint32
	shift, i := 18, 0
	for i < len(s) && s[i] != '=' {
		digit := strings.IndexByte(base64Digits, s[i])
		if digit < 0 {
			return nil, illegalArgument("Illegal base64 character %s", strconv.FormatInt(int64(int8(s[i])), 16))
		}
		i++
		bits |= uint32(digit) << shift
		if shift -= 6; shift < 0 {
			out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
			shift, bits = 18, 0
		}
	}
	if i < len(s) {
		i++ // the first =
		if shift == 18 || shift == 6 && (i == len(s) || s[i] != '=') {
			return nil, illegalArgument("Input byte array has wrong 4-byte ending unit")
		}
		if shift == 6 {
			i++
		}
	}
	switch shift {
	case 12:
		return nil, illegalArgument("Last unit does not have enough valid bits")
	case 6:
		out = append(out, byte(bits>>16))
	case 0:
		out = append(out, byte(bits>>16), byte(bits>>8))
	}
	if i < len(s) {
		return nil, illegalArgument("Input byte array has incorrect ending byte at %d", i)
	}
	return javaUTF8(out), nil
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func helpURLEncode(o *options) (any, error) {
	encoding := "utf-8"
	if v := o.option("encoding"); v != nil {
		encoding = toString(v)
	}
	if o.context == nil {
		return nil, nullPointer("Object.toString()", "context")
	}
	s, err := stringValue(o.context)
	if err != nil {
		return nil, err
	}
	if !knownCharset(encoding) {
		return nil, &exception{"java.io.IOException", "java.io.UnsupportedEncodingException: " + encoding}
	}
	if o.option("decode") == true {
		return urlDecode(s, encoding)
	}
	return urlEncode(s), nil
}

func knownCharset(name string) bool {
	switch strings.ToLower(name) {
	case "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252":
		return true
	}
	return false
}

// urlEncode is java.net.URLEncoder.encode in UTF-8.
func urlEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '*', c == '_':
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// urlDecode is java.net.URLDecoder.decode.
func urlDecode(s, encoding string) (any, error) {
	for i := strings.IndexByte(s, '%'); i >= 0 && i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) {
			return nil, illegalArgument("URLDecoder: Incomplete trailing escape (%%) pattern")
		}
		if pair := s[i+1 : i+3]; !isHex(pair[0]) || !isHex(pair[1]) {
			return nil, illegalArgument(`URLDecoder: Illegal hex characters in escape (%%) pattern - Error at index %d in: "%s"`,
				ternary(isHex(pair[0]), 1, 0), pair)
		}
	}
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return nil, illegalArgument("%s", err)
	}
	if strings.EqualFold(encoding, "iso-8859-1") {
		runes := make([]rune, 0, len(decoded))
		for i := 0; i < len(decoded); i++ {
			runes = append(runes, rune(decoded[i]))
		}
		return string(runes), nil
	}
	return javaUTF8([]byte(decoded)), nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func helpFormData(o *options) (any, error) {
	if o.context == nil {
		return nil, nullPointer("Object.toString()", "context")
	}
	encoding := "utf-8"
	if v := o.option("encoding"); v != nil {
		encoding = toString(v)
	}
	form, err := parseForm(toString(o.context), o.option("urlDecode") == true, encoding)
	if err != nil || len(o.params) == 0 {
		return form, err
	}
	name, _, err := asString(o.params[0])
	o.r.setData(name, form)
	return nil, err
}

// parseForm reads name=value pairs; without decoding, the values stay as they are. A pair without a value is left out.
func parseForm(text string, decode bool, encoding string) (*Map, error) {
	form := newMap(linkedMap, 4)
	for _, field := range strings.Split(text, "&") {
		name, rest, ok := strings.Cut(field, "=")
		value, _, _ := strings.Cut(rest, "=")
		if !ok || strings.Trim(rest, "=") == "" {
			continue
		}
		value = javaTrim(value)
		if decode {
			if !knownCharset(encoding) {
				return nil, &exception{"java.io.UnsupportedEncodingException", encoding}
			}
			decoded, err := urlDecode(value, encoding)
			if err != nil {
				return nil, err
			}
			value = decoded.(string)
		}
		if existing, ok := form.get(name).(*List); ok {
			existing.items = append(existing.items, value)
		} else {
			form.put(name, singleOf([]string{value}))
		}
	}
	return form, nil
}

func helpSize(o *options) (any, error) {
	switch v := o.context.(type) {
	case nil:
		return nil, nullPointer("Object.getClass()", "context")
	case string:
		return int32(jsondoc.UTF16Len(v)), nil
	case safeString:
		return int32(jsondoc.UTF16Len(string(v))), nil
	case *List:
		if v.kind != keySet {
			return int32(len(v.items)), nil
		}
	case *Map:
		return int32(len(v.entries)), nil
	}
	return nil, nil
}
