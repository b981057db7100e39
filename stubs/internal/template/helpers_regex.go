package template

import (
	"strings"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
)

const regexNeeded = "You must specify the string to be matched and the regular expression"

func helpMatches(o *options) (any, error) {
	if len(o.params) < 1 {
		return mistake(regexNeeded), nil
	}
	if o.context == nil {
		return nil, nullPointer("Object.toString()", "context")
	}
	expr, ok, err := asString(o.params[0])
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, throw("NullPointerException", `Cannot invoke "String.isEmpty()" because "this.pattern" is null`)
	}
	re, err := o.regex(expr)
	if err != nil {
		return nil, &exception{"java.util.regex.PatternSyntaxException", err.Error()}
	}
	return o.answer(re.MatchString(toString(o.context)))
}

// regex compiles an expression that may come from the request.
func (o *options) regex(expr string) (*javaregex.Regexp, error) {
	return o.r.engine.regexes.get(expr, func(expr string) (*javaregex.Regexp, error) { return javaregex.Compile(expr, 0) })
}

// answer gives a block's text or "", else the truth.
func (o *options) answer(holds bool) (any, error) {
	if !o.section() {
		return holds, nil
	}
	if holds {
		return nil, o.body(o.scope)
	}
	return "", nil
}

func helpContains(o *options) (any, error) {
	if len(o.params) < 1 {
		return mistake("You must specify the string or array to be matched and the regular expression"), nil
	}
	expected, ok, err := asString(o.params[0])
	if err != nil {
		return nil, err
	}
	if o.context == nil || !ok {
		return false, nil
	}
	if l, isList := o.context.(*List); isList {
		for _, item := range l.items {
			if item == expected {
				return o.answer(true)
			}
		}
		return o.answer(false)
	}
	s, err := stringValue(o.context)
	if err != nil {
		return nil, err
	}
	return o.answer(strings.Contains(s, expected))
}

func helpRegexExtract(o *options) (any, error) {
	first, err := o.needed(0)
	if err != nil {
		return nil, err
	}
	expr, ok, err := asString(first)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, throw("NullPointerException", `Cannot invoke "String.isEmpty()" because "this.pattern" is null`)
	}
	re, err := o.regex(expr)
	if err != nil {
		return mistake("Invalid regex string " + expr), nil
	}
	if o.context == nil {
		return nil, nullPointer("Object.toString()", "context")
	}
	text := toString(o.context)
	matches, err := re.FindAllIndex(text, -1)
	if err != nil {
		return nil, &LimitError{"a regular expression took too long", err}
	}
	groups := &List{kind: listOrSingle}
	for _, m := range matches {
		if len(o.params) == 1 {
			return text[m[0]:m[1]], nil
		}
		for g := 2; g < len(m); g += 2 {
			var group any // a group that took no part is null
			if m[g] >= 0 {
				group = text[m[g]:m[g+1]]
			}
			groups.items = append(groups.items, group)
		}
	}
	if len(groups.items) == 0 {
		if missing := o.option("default"); missing != nil {
			return missing, nil
		}
		return mistake("Nothing matched " + expr), nil
	}
	name, _, err := asString(o.params[1])
	if err != nil {
		return nil, err
	}
	o.r.setData(name, groups)
	return nil, nil
}
