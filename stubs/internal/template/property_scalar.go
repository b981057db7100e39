package template

import (
	"math"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func stringProperty(s, name string) any {
	switch name {
	case "length":
		return int32(jsondoc.UTF16Len(s))
	case "empty", "isEmpty":
		return s == ""
	case "blank", "isBlank":
		return strings.TrimFunc(s, javaSpace) == ""
	case "toString", "intern":
		return s
	case "toUpperCase":
		return upper(s)
	case "toLowerCase":
		return lower(s)
	case "trim":
		return javaTrim(s)
	case "strip":
		return strings.TrimFunc(s, javaSpace)
	case "stripLeading":
		return strings.TrimLeftFunc(s, javaSpace)
	case "stripTrailing":
		return strings.TrimRightFunc(s, javaSpace)
	case "hashCode":
		return javaHash(s)
	case "describeConstable":
		return safeString("Optional[" + s + "]")
	case "stripIndent", "translateEscapes":
		return s
	case "bytes", "getBytes":
		return safeString("[B@1")
	case "toCharArray":
		return safeString("[C@1")
	case "lines":
		return safeString("java.util.stream.ReferencePipeline$Head@1")
	case "chars", "codePoints":
		return safeString("java.util.stream.IntPipeline$Head@1")
	}
	return nil
}

// What each finds on a string, in the order of java.lang.String's reflection.
var stringNames = []string{"blank", "bytes", "empty", "translateEscapes", "toCharArray", "intern", "stripIndent", "toLowerCase", "length",
	"isEmpty", "isBlank", "describeConstable", "getBytes", "strip", "trim", "hashCode", "toUpperCase", "toString", "lines", "stripLeading",
	"chars", "stripTrailing", "codePoints"}

var doubleNames = []string{"infinite", "naN", "isNaN", "hashCode", "intValue", "floatValue", "toString", "shortValue", "doubleValue",
	"isInfinite", "describeConstable", "longValue", "byteValue"}

var numberNames = []string{"hashCode", "intValue", "floatValue", "toString", "shortValue", "doubleValue", "describeConstable", "longValue", "byteValue"}

func numberProperty(v any, name string) any {
	f, ok := doubleValue(v)
	if !ok {
		return nil
	}
	i, _ := intValue(v)
	switch name {
	case "intValue":
		return i
	case "longValue":
		switch v := v.(type) {
		case int64:
			return v
		case float64:
			return int64(v)
		}
		return int64(i)
	case "shortValue":
		return int32(int16(i))
	case "byteValue":
		return int32(int8(i))
	case "doubleValue":
		return f
	case "floatValue":
		return float64(float32(f))
	case "toString":
		return toString(v)
	case "describeConstable":
		return safeString("Optional[" + toString(v) + "]")
	case "hashCode":
		switch v := v.(type) {
		case int32:
			return v
		case int64:
			return int32(v ^ v>>32)
		}
		bits := math.Float64bits(f)
		return int32(bits ^ bits>>32)
	case "naN", "isNaN":
		return f != f
	case "infinite", "isInfinite":
		return f-f != 0
	}
	return nil
}
