package template

import (
	"strings"
)

func helpWith(o *options) (any, error) {
	if isEmpty(o.context) {
		return nil, o.otherwise(o.wrap(o.context))
	}
	return nil, o.body(o.wrap(o.context))
}

func helpIf(o *options) (any, error) {
	if isEmpty(o.context) {
		return nil, o.otherwise(o.scope)
	}
	return nil, o.body(o.scope)
}

func helpUnless(o *options) (any, error) {
	if isEmpty(o.context) {
		return nil, o.body(o.scope)
	}
	return nil, o.otherwise(o.scope)
}

func helpEach(o *options) (any, error) {
	if o.context == nil {
		return nil, o.otherwise(o.scope)
	}
	if isIterable(o.context) {
		return nil, o.eachItem(iterate(o.context))
	}
	if d, ok := o.context.(Decimal); ok && d.scale > 0 { // its properties include shortValueExact
		return nil, throw("ArithmeticException", "Rounding necessary")
	}
	return nil, o.eachProperty(properties(o.context))
}

func iterate(v any) []any {
	switch v := v.(type) {
	case *List:
		return v.items
	case *Map:
		items := []any{}
		for _, s := range pathItems(v.path) {
			items = append(items, s)
		}
		return items
	}
	return nil
}

func (o *options) eachItem(items []any) error {
	base, _, err := asInteger(o.option("base"))
	if err != nil {
		return err
	}
	s := o.scope.child(nil) // one scope for all iterations: nothing keeps it
	extra := [...]entry{{key: "@key"}, {key: "@index"}, {key: "@first"}, {key: "@last"}, {key: "@odd"}, {key: "@even"}, {key: "@index_1"}}
	s.extra = extra[:]
	for i, item := range items {
		index := base + int32(i)
		even := index%2 == 0
		s.model = item
		for j, v := range [...]any{
			index, index, ternary(i == 0, "first", ""), ternary(i == len(items)-1, "last", ""),
			ternary(even, "", "odd"), ternary(even, "even", ""), index + 1,
		} {
			extra[j].value = v
		}
		if err := o.body(s, item, index); err != nil {
			return err
		}
	}
	if len(items) == 0 {
		return o.otherwise(o.scope)
	}
	return nil
}

func (o *options) eachProperty(list []entry) error {
	for i, e := range list {
		s := o.scope.child(e.value)
		s.extra = []entry{
			{"@key", e.key}, {"@index", int32(i)}, {"@first", ternary(i == 0, "first", "")},
			{"@last", ternary(i == len(list)-1, "last", "")},
		}
		if err := o.body(s, e.value, e.key); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		return o.otherwise(o.scope)
	}
	return nil
}

// helpLookup gives the context itself when there is nothing of the name.
func helpLookup(o *options) (any, error) {
	if o.context == nil || len(o.params) == 0 {
		return o.context, nil
	}
	if o.params[0] == nil {
		return nil, throw("NullPointerException", `Cannot invoke "Object.toString()" because the return value of "wiremock.com.github.jknack.handlebars.Options.param(int)" is null`)
	}
	name := toString(o.params[0])
	if name == "" {
		return nil, &exception{"java.lang.IndexOutOfBoundsException", "Index 0 out of bounds for length 0"}
	}
	if found := o.scope.child(o.context).get(o.r, compilePath(name)); found != nil {
		return found, nil
	}
	return o.context, nil
}

func helpLog(o *options) (any, error) {
	level, err := o.stringOption("level", "info")
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if o.section() {
		text, err := o.bodyText(o.scope)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
	} else {
		b.WriteString(toString(o.context))
		for _, p := range o.params {
			b.WriteString(" " + toString(p))
		}
	}
	if log := o.r.engine.options.Log; log != nil {
		log(level, strings.TrimSpace(b.String()))
	}
	return nil, nil
}

func helpAssign(o *options) (any, error) {
	name, ok, err := asString(o.context)
	if err != nil {
		return nil, err
	}
	text, err := o.bodyText(o.scope)
	if err != nil {
		return nil, err
	}
	if ok {
		o.r.setData(name, javaTrim(text))
	}
	return nil, nil
}

// definition is what the partial helper remembers for the block helper.
type definition struct {
	body   *list
	hash   []entry
	inline bool
}

func partialName(v any) (string, error) {
	name, ok := v.(string)
	if !ok {
		return "", illegalArgument("found '%s', expected 'partial's name'", toString(v))
	}
	return name, nil
}

func helpPartial(o *options) (any, error) {
	name, err := partialName(o.context)
	if err != nil {
		return nil, err
	}
	d := definition{hash: o.hash, inline: !o.section()}
	if o.block != nil {
		d.body = o.block.body
	}
	if o.r.blocks == nil {
		o.r.blocks = map[string]definition{}
	}
	o.r.blocks[name] = d
	return nil, nil
}

// helpBlock renders what a partial of the name defined, else its own block.
func helpBlock(o *options) (any, error) {
	name, err := partialName(o.context)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, illegalArgument("The uri is required.")
	}
	var body *list
	if o.block != nil {
		body = o.block.body
	}
	d, defined := o.r.blocks[name]
	if defined && !d.inline && d.body != nil && len(d.body.nodes) > 0 {
		body = d.body
	}
	for _, h := range o.hash {
		o.r.setData(h.key, h.value)
	}
	for _, h := range d.hash {
		o.r.setData(h.key, h.value)
	}
	if body != nil {
		var names []string
		if o.block != nil {
			names = o.block.blockParams
		}
		s := o.scope
		if len(names) == 1 {
			s = s.withParams(names, s.model)
		}
		if err := o.r.enter(body, s); err != nil {
			return nil, err
		}
	}
	remove, _, err := asBoolean(o.option("delete-after-merge"))
	if remove {
		delete(o.r.blocks, name)
	}
	return nil, err
}

// noTemplateFile is the answer to every helper that would load a template: there are none to load.
func noTemplateFile(name string) error {
	return &exception{"java.io.FileNotFoundException", "/" + strings.TrimPrefix(name, "/") + ".hbs"}
}

func helpEmbedded(o *options) (any, error) {
	name, err := templateName(o, "found '%s', expected 'partial's name'")
	if err != nil {
		return nil, err
	}
	if _, _, err := asString(o.param(0)); err != nil {
		return nil, err
	}
	return nil, noTemplateFile(name)
}

func helpPrecompile(o *options) (any, error) {
	name, err := templateName(o, "found: '%s', expected 'template path'")
	if err != nil {
		return nil, err
	}
	wrapper, err := o.stringOption("wrapper", "anonymous")
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(wrapper) {
	case "anonymous", "amd", "none":
		return nil, noTemplateFile(name)
	}
	return nil, throw("NullPointerException", "found '%s', expected: 'anonymous, amd, none'", wrapper)
}

func templateName(o *options, message string) (string, error) {
	name, ok, err := asString(o.context)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", throw("NullPointerException", message, "null")
	case name == "":
		return "", illegalArgument(message, "")
	}
	return name, nil
}

// helpI18n finds no bundle: WireMock has none on its class path.
func helpI18n(o *options) (any, error) {
	if _, err := templateName(o, "found: '%s', expected 'bundle's key'"); err != nil {
		return nil, err
	}
	return nil, o.noBundle("en")
}

func helpI18nJs(o *options) (any, error) {
	locale, _, err := asString(o.context)
	if err != nil {
		return nil, err
	}
	return nil, o.noBundle(ternary(locale == "", "en", locale))
}

func (o *options) noBundle(locale string) error {
	locale, err := o.stringOption("locale", locale)
	if err != nil {
		return err
	}
	bundle, err := o.stringOption("bundle", "messages")
	if err != nil {
		return err
	}
	return &exception{"java.util.MissingResourceException", "Can't find bundle for base name " + bundle + ", locale " + locale}
}
