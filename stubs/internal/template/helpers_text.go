package template

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// onText makes a helper of a function on the context's text. An empty context (null, "", 0, false, an empty list) gives
// the first parameter instead, as a default.
func onText(f func(o *options, s string) (any, error)) helper {
	return func(o *options) (any, error) {
		if isEmpty(o.context) {
			if p := o.param(0); p != nil {
				return stringValue(p)
			}
			return nil, nil
		}
		s, err := stringValue(o.context)
		if err != nil {
			return nil, err
		}
		return f(o, s)
	}
}

func toLower(_ *options, s string) (any, error) { return lower(s), nil }

func toUpper(_ *options, s string) (any, error) { return upper(s), nil }

func capitalizeFirst(_ *options, s string) (any, error) { return titleFirst(s), nil }

func titleFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if t := unicode.ToTitle(r); t != r {
		return string(t) + s[size:]
	}
	return s
}

func capitalize(o *options, s string) (any, error) {
	fully, _, err := asBoolean(o.option("fully"))
	if err != nil {
		return nil, err
	}
	if fully {
		s = lower(s)
	}
	start := true
	return strings.Map(func(r rune) rune {
		if javaSpace(r) {
			start = true
			return r
		}
		if start {
			start = false
			return unicode.ToTitle(r)
		}
		return r
	}, s), nil
}

// padding reads the size and pad options; a missing size throws.
func (o *options) padding() (size int, pad string, err error) {
	n, ok, err := asInteger(o.option("size"))
	if err != nil {
		return 0, "", err
	}
	if !ok {
		return 0, "", throw("NullPointerException", "found 'null', expected 'size'")
	}
	pad, err = o.stringOption("pad", " ")
	if pad == "" {
		pad = " "
	}
	if err == nil {
		err = o.r.bounded(int(n))
	}
	return int(n), pad, err
}

// fill repeats pad to n UTF-16 units.
func fill(pad string, n int) string {
	if n <= 0 {
		return ""
	}
	return units(strings.Repeat(pad, n/jsondoc.UTF16Len(pad)+1), 0, n)
}

func center(o *options, s string) (any, error) {
	size, pad, err := o.padding()
	missing := size - jsondoc.UTF16Len(s)
	if err != nil || missing <= 0 {
		return s, err
	}
	return fill(pad, missing/2) + s + fill(pad, missing-missing/2), nil
}

func leftJustify(o *options, s string) (any, error) {
	size, pad, err := o.padding()
	if err != nil {
		return nil, err
	}
	return s + fill(pad, size-jsondoc.UTF16Len(s)), nil
}

func rightJustify(o *options, s string) (any, error) {
	size, pad, err := o.padding()
	if err != nil {
		return nil, err
	}
	return fill(pad, size-jsondoc.UTF16Len(s)) + s, nil
}

func helpCut(o *options) (any, error) {
	if isEmpty(o.context) {
		return "", nil
	}
	strip, _, err := asString(o.paramOr(0, " "))
	if err != nil {
		return nil, err
	}
	s, err := stringValue(o.context)
	return strings.ReplaceAll(s, strip, ""), err
}

func helpDefaultIfEmpty(o *options) (any, error) {
	if isEmpty(o.context) {
		return o.paramOr(0, ""), nil
	}
	return stringValue(o.context)
}

func helpJoin(o *options) (any, error) {
	if isEmpty(o.context) {
		return "", nil
	}
	last := len(o.params) - 1
	separator := o.param(last)
	if separator == nil {
		return nil, throw("NullPointerException", "found 'null', expected 'separator' at param[%d]", last)
	}
	text, ok := separator.(string)
	if !ok {
		return nil, illegalArgument("found '%s', expected 'separator' at param[%d]", toString(separator), last)
	}
	prefix, err := o.stringOption("prefix", "")
	if err != nil {
		return nil, err
	}
	suffix, err := o.stringOption("suffix", "")
	if err != nil {
		return nil, err
	}
	items := append([]any{o.context}, o.params[:last]...)
	if isIterable(o.context) {
		items = iterate(o.context)
	}
	joined, err := joinItems(items, text)
	return prefix + joined + suffix, err
}

// joinItems joins like StringUtils.join, which takes null for "".
func joinItems(items []any, separator string) (string, error) {
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(separator)
		}
		if item == nil {
			continue
		}
		s, err := stringValue(item)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func substring(o *options, s string) (any, error) {
	length := jsondoc.UTF16Len(s)
	if len(o.params) == 0 {
		return nil, &exception{"java.lang.IndexOutOfBoundsException", "Required start offset: "}
	}
	start, ok, err := asInteger(o.params[0])
	if err != nil {
		return nil, err
	}
	end, bounded, err := asInteger(o.param(1))
	if err != nil {
		return nil, err
	}
	if !bounded {
		end = int32(length)
	}
	if !ok {
		return nil, throw("NullPointerException", `Cannot invoke "java.lang.Integer.intValue()" because "start" is null`)
	}
	if start < 0 || start > end || int(end) > length {
		return nil, throw("StringIndexOutOfBoundsException", "begin %d, end %d, length %d", start, end, length)
	}
	return units(s, int(start), int(end)), nil
}

func slugify(_ *options, s string) (any, error) {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x10000 && unicode.IsLetter(r):
			return unicode.ToLower(r)
		case javaSpace(r):
			return '-'
		}
		return -1
	}, strings.TrimFunc(s, javaSpace)), nil
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

func stripTags(_ *options, s string) (any, error) { return tags.ReplaceAllString(s, ""), nil }

func abbreviate(o *options, s string) (any, error) {
	width, ok, err := asInteger(o.param(0))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, throw("NullPointerException", "found 'null', expected 'width'")
	}
	if width < 4 {
		return nil, illegalArgument("Minimum abbreviation width is 4")
	}
	if jsondoc.UTF16Len(s) <= int(width) {
		return s, nil
	}
	return units(s, 0, int(width)-3) + "...", nil
}

func wordWrap(o *options, s string) (any, error) {
	length, ok, err := asInteger(o.param(0))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, throw("NullPointerException", "found 'null', expected 'length'")
	}
	return wrapLines(s, max(1, int(length))), nil
}

// wrapLines breaks at spaces so that lines hold at most width characters, where their words allow it.
func wrapLines(s string, width int) string {
	text := []rune(s)
	var b strings.Builder
	at := 0
	for at < len(text) {
		for at < len(text) && text[at] == ' ' { // spaces that would begin a line are dropped
			at++
		}
		if len(text)-at <= width {
			break
		}
		cut := -1
		for i := at + width; i >= at; i-- {
			if text[i] == ' ' {
				cut = i
				break
			}
		}
		if cut < 0 {
			for i := at + width; i < len(text); i++ {
				if text[i] == ' ' {
					cut = i
					break
				}
			}
		}
		if cut < 0 {
			break
		}
		b.WriteString(string(text[at:cut]))
		b.WriteByte('\n')
		at = cut + 1
	}
	b.WriteString(string(text[min(at, len(text)):]))
	return b.String()
}

func replace(o *options, s string) (any, error) {
	target, ok, err := asString(o.param(0))
	if err != nil {
		return nil, err
	}
	replacement, ok2, err := asString(o.param(1))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, nullPointer("java.lang.CharSequence.toString()", "target")
	}
	if !ok2 {
		return nil, nullPointer("java.lang.CharSequence.toString()", "replacement")
	}
	if grows := len(replacement) - len(target); grows > 0 {
		if err := o.r.bounded(grows * strings.Count(s, target)); err != nil {
			return nil, err
		}
	}
	return strings.ReplaceAll(s, target, replacement), nil
}

func helpYesNo(o *options) (any, error) {
	if o.context == nil {
		return o.optionOr("maybe", "maybe"), nil
	}
	b, ok := o.context.(bool)
	if !ok {
		return nil, illegalArgument("found '%s', expected 'boolean'", toString(o.context))
	}
	name := ternary(b, "yes", "no")
	return o.optionOr(name, name), nil
}

func (o *options) optionOr(name string, missing any) any {
	if v := o.option(name); v != nil {
		return v
	}
	return missing
}

func stringFormat(o *options, s string) (any, error) {
	return javaFormat(o.r, s, o.params)
}
