package template

// helper computes a value from its context (the first argument), parameters and hash. A block helper writes to the output
// and returns nil. An error that is an *exception becomes the rendering's error at the place of the call.
type helper func(o *options) (any, error)

// helpers are the 80 helpers by name.
var helpers = map[string]helper{
	// Handlebars.java: built in
	"with": helpWith, "if": helpIf, "unless": helpUnless, "each": helpEach, "lookup": helpLookup, "log": helpLog,
	"block": helpBlock, "partial": helpPartial, "embedded": helpEmbedded, "precompile": helpPrecompile,
	"i18n": helpI18n, "i18nJs": helpI18nJs, "assign": helpAssign,
	// Handlebars.java: conditions and numbers
	"eq": helpEq, "neq": helpNeq, "gt": comparison(func(c int) bool { return c > 0 }), "gte": comparison(func(c int) bool { return c >= 0 }),
	"lt": comparison(func(c int) bool { return c < 0 }), "lte": comparison(func(c int) bool { return c <= 0 }),
	"and": helpAnd, "or": helpOr, "not": helpNot, "isEven": helpIsEven, "isOdd": helpIsOdd, "stripes": helpStripes,
	// Handlebars.java: strings
	"capitalizeFirst": onText(capitalizeFirst), "center": onText(center), "cut": helpCut, "defaultIfEmpty": helpDefaultIfEmpty,
	"join": helpJoin, "ljust": onText(leftJustify), "rjust": onText(rightJustify), "substring": onText(substring),
	"lower": onText(toLower), "upper": onText(toUpper), "slugify": onText(slugify), "stringFormat": onText(stringFormat),
	"stripTags": onText(stripTags), "capitalize": onText(capitalize), "abbreviate": onText(abbreviate), "wordWrap": onText(wordWrap),
	"replace": onText(replace), "yesno": helpYesNo, "dateFormat": helpDateFormat, "numberFormat": helpNumberFormat,
	// WireMock
	"xPath": xpathHelper(""), "soapXPath": xpathHelper("/Envelope/Body/"), "jsonPath": helpJSONPath,
	"randomValue": helpRandomValue, "hostname": helpHostname, "date": helpDate, "now": helpNow, "parseDate": helpParseDate,
	"truncateDate": helpTruncateDate, "trim": helpTrim, "base64": helpBase64, "urlEncode": helpURLEncode, "formData": helpFormData,
	"regexExtract": helpRegexExtract, "size": helpSize, "pickRandom": helpPickRandom, "randomInt": helpRandomInt,
	"randomDecimal": helpRandomDecimal, "range": helpRange, "array": helpArray, "arrayAdd": helpArrayAdd,
	"arrayRemove": helpArrayRemove, "arrayJoin": helpArrayJoin, "parseJson": helpParseJSON, "matches": helpMatches,
	"contains": helpContains, "math": helpMath, "val": helpVal, "formatJson": helpFormatJSON, "formatXml": helpFormatXML,
	"toJson": helpToJSON, "jsonMerge": helpJSONMerge, "jsonRemove": helpJSONRemove, "jsonArrayAdd": helpJSONArrayAdd,
	"systemValue": helpSystemValue,
}

// options is what a helper is called with.
type options struct {
	r       *render
	scope   *scope
	call    *call
	block   *block // nil unless it is called as a block
	context any
	params  []any // without the context
	hash    []entry
	space   [4]any
}

// mistake is how WireMock's helpers report an error in their result.
func mistake(message string) string { return "[ERROR: " + message + "]" }

// section reports whether the helper is called as a block.
func (o *options) section() bool { return o.call.section }

// param is parameter i, or nil when there are fewer.
func (o *options) param(i int) any {
	if i >= 0 && i < len(o.params) {
		return o.params[i]
	}
	return nil
}

// needed is parameter i, which has to be there.
func (o *options) needed(i int) (any, error) {
	if i >= len(o.params) {
		return nil, outOfBounds(i, len(o.params))
	}
	return o.params[i], nil
}

func outOfBounds(i, length int) error {
	return throw("ArrayIndexOutOfBoundsException", "Index %d out of bounds for length %d", i, length)
}

// option is the value of a hash argument, nil when it is missing or null.
func (o *options) option(name string) any {
	for i := range o.hash {
		if o.hash[i].key == name {
			return o.hash[i].value
		}
	}
	return nil
}

// stringOption is a hash argument that has to be a string, or the default.
func (o *options) stringOption(name, missing string) (string, error) {
	s, ok, err := asString(o.option(name))
	if !ok {
		s = missing
	}
	return s, err
}

// isModel reports whether the context is the current model: so it is when no argument was given.
func (o *options) isModel() bool { return len(o.call.params) == 0 || same(o.context, o.scope.model) }

// same reports whether a and b are one object in Java.
func same(a, b any) bool {
	switch a := a.(type) {
	case *List:
		b, ok := b.(*List)
		return ok && a == b
	case *Map:
		b, ok := b.(*Map)
		return ok && a == b
	case bean:
		b, ok := b.(bean)
		return ok && a == b
	}
	return a == nil && b == nil
}

// body renders the block in s, to the output; names of block parameters stand for values.
func (o *options) body(s *scope, values ...any) error {
	if o.block == nil {
		return nil
	}
	return o.renderNode(o.block.body, s, values)
}

// otherwise renders the else branch in s.
func (o *options) otherwise(s *scope) error {
	if o.block == nil || o.block.inverse == nil {
		return nil
	}
	return o.renderNode(o.block.inverse, s, nil)
}

func (o *options) renderNode(n node, s *scope, values []any) error {
	if names := o.block.blockParams; len(names) > 0 {
		if values == nil && len(names) == 1 {
			values = []any{s.model}
		}
		s = s.withParams(names, values...)
	}
	return o.r.enter(n, s)
}

// bodyText renders the block in s to a string; it is "" where the helper is no block.
func (o *options) bodyText(s *scope) (string, error) {
	if o.block == nil {
		return "", nil
	}
	start := len(o.r.out)
	err := o.body(s)
	text := string(o.r.out[start:])
	o.r.out = o.r.out[:start]
	o.r.captured += len(text)
	return text, err
}

// wrap is the scope for a model: the current one if it is its model.
func (o *options) wrap(model any) *scope {
	if same(model, o.scope.model) {
		return o.scope
	}
	return o.scope.child(model)
}

// text is the argument as a string, or the rendered block: what trim and base64 work on.
func (o *options) text() (string, error) {
	if o.section() {
		return o.bodyText(o.wrap(o.context))
	}
	if o.context == nil {
		return "", nullPointer("Object.toString()", "context")
	}
	return stringValue(o.context)
}
