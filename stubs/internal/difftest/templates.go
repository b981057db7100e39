package difftest

import (
	"fmt"
	"strings"
)

// templateText is a response template: text and some expressions.
func (g *Generator) templateText() string {
	var t strings.Builder
	for range 1 + g.IntN(2) {
		if g.sometimes(3) {
			t.WriteString(pick(g, "x ", "é", "\n", "{", "}", "\\", "\"", "<", " - "))
		}
		t.WriteString(g.expression(2))
	}
	return t.String()
}

// expression is one mustache.
func (g *Generator) expression(depth int) string {
	switch g.IntN(8) {
	case 0:
		return "{{" + pick(g, "", "", "~", "&") + g.path() + pick(g, "", "", "~") + "}}"
	case 1:
		return "{{{" + g.path() + "}}}"
	case 2:
		return g.block(depth)
	}
	return "{{" + g.call(depth) + "}}"
}

func (g *Generator) path() string {
	return pick(g, "request.url", "request.path", "request.path.[0]", "request.path.[1]", "request.pathSegments", "request.pathSegments.[1]", "request.path.id",
		"request.query.q", "request.query.q.[1]", "request.query", "request.query.nope", "request.method", "request.host", "request.port", "request.scheme",
		"request.baseUrl", "request.headers.X-Test", "request.headers.[X-Test]", "request.headers.x-test", "request.headers.X-Test.[0]", "request.headers.nope",
		"request.cookies.c", "request.cookies.c.[0]", "request.body", "request.bodyAsBase64", "request.clientIp", "request.multipart", "request.binary",
		"request.parts.p.body", "request.parts.p.headers.X-Part", "request.parts.p.binary", "request.requestLine.method", "request.requestLine.path",
		"request.requestLine.pathSegments.[0]", "request.requestLine.query.q", "request.requestLine.baseUrl", "request.requestLine.host", "request.formData.f", "request.nope",
		"parameters.name", "parameters.p", "parameters.p.a", "parameters.p.b.c", "parameters", "nope", "this", ".", "request.query.size", "@index", "../request.method",
		"request.url.length", "request.requestLine", "request.headers.Host", "request.query.first", "request.requestLine.clientIp")
}

// argument is an argument of a helper.
func (g *Generator) argument(depth int) string {
	if depth > 0 && g.sometimes(4) {
		return "(" + g.call(depth-1) + ")"
	}
	return pick(g, g.path(), "'a'", "'abc'", "\"x y\"", "1", "2", "-3", "0", "true", "false", "null", "'1'", "'2.5'", "'Hello World'", "''", "'{\"a\":[1,2,{\"b\":\"c\"}]}'",
		"'<a id=\"1\"><b>x</b><b>y</b></a>'", "'a,b,c'", "'2021-06-14T12:13:14Z'", "(array 1 'a' true)", "(array)", "(parseJson '{\"a\":1,\"b\":[2,3]}')", "(range 1 4)", "request.query.q", "request.body")
}

// call is a helper with arguments.
func (g *Generator) call(depth int) string {
	a := func() string { return g.argument(depth) }
	n := func() string { return pick(g, "0", "1", "2", "3", "5", "-1", "'2'", "10", g.argument(0)) }
	text := func() string {
		return pick(g, "'abc'", "'Hello World'", "'x, y'", "''", "'été'", "request.method", g.argument(depth))
	}
	switch name := pick(g, helpers...); name {
	case "abbreviate", "wordWrap":
		return fmt.Sprintf("%s %s %s", name, text(), pick(g, "4", "5", "3", "0", n()))
	case "substring":
		return fmt.Sprintf("substring %s %s %s", text(), n(), pick(g, "", n()))
	case "center", "ljust", "rjust":
		return fmt.Sprintf("%s %s size=%s%s", name, text(), pick(g, "5", "12", "0"), pick(g, "", " pad='*'", " pad='ab'"))
	case "cut", "defaultIfEmpty", "contains", "stripes":
		return fmt.Sprintf("%s %s %s", name, text(), text())
	case "replace":
		return fmt.Sprintf("replace %s %s %s", text(), text(), text())
	case "matches":
		return fmt.Sprintf("matches %s %s", text(), pick(g, "'[a-z]+'", "'.*'", "'('", a()))
	case "regexExtract":
		return fmt.Sprintf("regexExtract %s %s%s", text(), pick(g, "'[a-z]+'", "'(.)(.)'", "'\\\\d+'", "'('"), pick(g, "", " 'parts'", " default='none'", " 'parts' default='none'"))
	case "math":
		return fmt.Sprintf("math %s %s %s", pick(g, "1", "7", "'2.5'", "-3", a()), pick(g, "'+'", "'-'", "'*'", "'/'", "'%'", "'^'"), pick(g, "2", "3", "'0.5'", "0", a()))
	case "join", "arrayJoin":
		return fmt.Sprintf("%s %s%s%s", name, pick(g, "','", "'-'"), " "+pick(g, "(array 1 2 'c')", "request.pathSegments", "'a' 'b'", a()), pick(g, "", "", " prefix='<' suffix='>'"))
	case "eq", "neq", "gt", "gte", "lt", "lte":
		return fmt.Sprintf("%s %s %s%s", name, a(), a(), pick(g, "", "", " yes='y' no='n'"))
	case "and", "or":
		return fmt.Sprintf("%s %s %s%s", name, a(), a(), pick(g, "", " "+a(), " yes='y' no='n'"))
	case "base64":
		return fmt.Sprintf("base64 %s%s", pick(g, text(), "'YWJj'"), pick(g, "", " decode=true", " padding=false", " decode=false"))
	case "urlEncode":
		return fmt.Sprintf("urlEncode %s%s", text(), pick(g, "", " decode=true"))
	case "formData":
		return fmt.Sprintf("formData %s 'form'%s}}{{form.f}}{{form.f.0}}{{form", pick(g, "'f=1&g=2&f=%20'", "request.body"), pick(g, "", " urlDecode=true"))
	case "parseDate":
		return fmt.Sprintf("date (parseDate %s) format='%s'", pick(g, "'2021-06-14T12:13:14Z'", "'14/06/2021' format='dd/MM/yyyy'", "'2021-06-14T12:13:14+02:00'", "'nonsense'", "'nonsense' format='dd/MM/yyyy'", "'' ", "'14/06/2021' format='nope'", "request.query.q", "'12' format='unix'", "'x' format='epoch'"), g.dateFormat())
	case "date":
		return fmt.Sprintf("date (parseDate '2021-06-14T12:13:14Z') %s", pick(g, "", "format='"+g.dateFormat()+"'", "offset='3 days'", "offset='-1 months' timezone='Europe/Paris' format='yyyy-MM-dd HH:mm'", "timezone='Australia/Sydney'", "format='unix'", "format='epoch'"))
	case "truncateDate":
		return fmt.Sprintf("date (truncateDate (parseDate '2021-06-14T12:13:14Z') '%s')", pick(g, truncations...))
	case "dateFormat":
		return fmt.Sprintf("dateFormat (parseDate '2021-06-14T12:13:14Z') %s", pick(g, "", "'full'", "'long'", "'medium'", "'short'", "'yyyy-MM-dd'", "format='EEE d MMM yyyy' tz='GMT'"))
	case "numberFormat":
		return fmt.Sprintf("numberFormat %s %s", pick(g, "1234.5", "12", "'12.5'", "-1", "0.256", text()), pick(g, "", "'integer'", "'percent'", "'currency'", "'#.##'", "'00.000' 'en'", "groupingUsed=false", "maximumFractionDigits=1", "minimumFractionDigits=3", "roundingMode='DOWN'"))
	case "range":
		return fmt.Sprintf("range %s %s", n(), n())
	case "size", "lower", "upper", "trim", "capitalize", "capitalizeFirst", "slugify", "stripTags", "yesno", "not", "isEven", "isOdd", "toJson", "formatJson", "formatXml":
		return fmt.Sprintf("%s %s%s", name, a(), g.option(name))
	case "stringFormat":
		return fmt.Sprintf("stringFormat %s %s", pick(g, "'%s'", "'%d'", "'%5s|'", "'%s-%s'", "'%05d'", "'%.2f'", "'%x'", "'%%'", text()), a()+pick(g, "", " "+a()))
	case "jsonPath":
		return fmt.Sprintf("jsonPath %s %s%s", pick(g, "'{\"a\":[1,2,{\"b\":\"c\"}],\"d\":null}'", "request.body", "(parseJson '{\"a\":{\"b\":[1.50,true]}}')", a()), "'"+g.innerPath()+"'", pick(g, "", "", " default='none'", " default=''"))
	case "xPath", "soapXPath":
		return fmt.Sprintf("%s %s %s", name, pick(g, "'<a id=\"1\"><b>x</b><b>y</b></a>'", "request.body", "'<Envelope><Body><a>1</a></Body></Envelope>'", a()), "'"+pick(g, "/a/b", "//b[1]/text()", "count(//b)", "/a/@id", "/a", "//nope", "//[", "string(//b[2])")+"'")
	case "parseJson":
		return pick(g, "parseJson '{\"a\":[1,2]}' 'v'}}{{v.a}}{{v.a.[1]}}{{v", "parseJson request.body 'v'}}{{v.a}}{{v", "parseJson "+a())
	case "jsonMerge":
		return fmt.Sprintf("jsonMerge %s %s%s", g.jsonText(), g.jsonText(), pick(g, "", " removeNulls=true"))
	case "jsonRemove":
		return fmt.Sprintf("jsonRemove %s '%s'", g.jsonText(), g.innerPath())
	case "jsonArrayAdd":
		return fmt.Sprintf("jsonArrayAdd %s %s%s", pick(g, "'[1,2]'", g.jsonText()), pick(g, "'{\"a\":1}'", "'3'", a()), pick(g, "", " flatten=true", " maxItems=2", " jsonPath='$.a'"))
	case "array":
		return "array " + a() + " " + a()
	case "arrayAdd":
		return fmt.Sprintf("arrayAdd (array 1 2) %s%s", a(), pick(g, "", " position=0", " position='end'", " position='start'", " position=9"))
	case "arrayRemove":
		return fmt.Sprintf("arrayRemove (array 1 2 3)%s", pick(g, "", " 0", " 'start'", " 'end'", " position=1", " 7"))
	case "val":
		return fmt.Sprintf("val %s%s", a(), pick(g, "", " or='other'", " default='other'", " assign='w'}}{{w", " or=''"))
	case "lookup":
		return fmt.Sprintf("lookup %s %s", pick(g, "request.query", "parameters", "(array 'a' 'b')", "(parseJson '{\"a\":1}')", a()), pick(g, "'q'", "'a'", "1", "'p'", a()))
	case "systemValue":
		return "systemValue " + pick(g, "key='HOME'", "type='ENVIRONMENT' key='WIREMOCK_NOPE'", "type='PROPERTY' key='wiremock.nope'", "", "key='wiremock.nope' default='d'")
	case "randomInt":
		return pick(g, "randomInt lower=5 upper=6", "size (randomValue length=7)", "size (randomValue length=4 type='NUMERIC')", "pickRandom 'a'", "pickRandom (array 'a' 'a')", "contains 'ab' (pickRandom 'a' 'b')", "size (randomValue type='UUID')")
	case "now":
		return "now format='yyyy'" + pick(g, "", " offset='10 years'", " timezone='UTC'")
	case "log", "embedded", "precompile", "partial", "i18n":
		return pick(g, "log 'x'", "i18n 'nope'", "nope 'x'", "nope", "hostname.x")
	}
	return g.path()
}

func (g *Generator) option(name string) string {
	if name == "yesno" || name == "not" || name == "isEven" || name == "isOdd" {
		return pick(g, "", "", " yes='si' no='non'", " maybe='m'", " yes='y' no='n'", " 'text'")
	}
	if name == "capitalize" {
		return pick(g, "", " fully=true")
	}
	if name == "formatJson" || name == "formatXml" {
		return pick(g, "", " format='compact'", " format='pretty'", " format='nope'")
	}
	return ""
}

func (g *Generator) innerPath() string {
	return pick(g, "$.a", "$.a[0]", "$.a[2].b", "$..b", "$.nope", "$", "$.a[*]", "$.d", "$[", "$.a[?(@ > 1)]", "$.a.b", "$.a.length()")
}

func (g *Generator) jsonText() string {
	return pick(g, "'{\"a\":1,\"b\":{\"c\":null}}'", "'{\"b\":{\"d\":2},\"a\":null}'", "'{\"a\":[1,2]}'", "'[1]'", "request.body", "'x'", "'{}'")
}

func (g *Generator) dateFormat() string {
	return pick(g, "yyyy-MM-dd", "EEE, d MMM yyyy HH:mm:ss z", "HH:mm:ss.SSS", "dd/MM/yy hh:mm a", "yyyy-MM-dd''T''HH:mm:ssXXX", "unix", "epoch", "D w u E", "MMMM yyyy", "QQQ")
}

// block is a block helper.
func (g *Generator) block(depth int) string {
	inner := func() string {
		if depth == 0 {
			return pick(g, "a", "{{this}}", "{{@index}}", "{{@key}}={{this}}", "{{@first}}")
		}
		return pick(g, "a", "{{this}}", "{{@index}}{{this}}", "{{@key}}={{this}};", "{{#unless @last}},{{/unless}}", "{{../request.method}}", g.expression(depth-1))
	}
	otherwise := pick(g, "", "", "{{else}}"+inner(), "{{^}}none")
	switch g.IntN(9) {
	case 0:
		return fmt.Sprintf("{{#if %s}}%s%s{{/if}}", g.argument(depth), inner(), otherwise)
	case 1:
		return fmt.Sprintf("{{#unless %s}}%s%s{{/unless}}", g.argument(depth), inner(), otherwise)
	case 2, 3:
		list := pick(g, "(array 'a' 1 null)", "(range 1 3)", "request.query", "request.pathSegments", "parameters", "(parseJson '{\"a\":1,\"b\":[2,3]}')", "request.headers", g.argument(depth))
		return fmt.Sprintf("{{#each %s%s}}%s%s{{/each}}", list, pick(g, "", "", " as |v k|"), pick(g, inner(), "{{v}}{{k}}"), otherwise)
	case 4:
		return fmt.Sprintf("{{#with %s}}%s%s{{/with}}", g.argument(depth), inner(), otherwise)
	case 5:
		return fmt.Sprintf("{{#assign 'v'}}%s{{/assign}}{{v}}", inner())
	case 6:
		return fmt.Sprintf("{{#%s %s %s}}%s%s{{/%s}}", "eq", g.argument(depth), g.argument(0), inner(), otherwise, "eq")
	case 7:
		return fmt.Sprintf("{{#%s}}%s{{/%s}}", "request.query.q", inner(), "request.query.q")
	}
	name := pick(g, "trim", "lower", "upper", "base64", "urlEncode", "formatJson", "jsonMerge", "and", "not", "capitalize", "nope")
	return fmt.Sprintf("{{#%s%s}}%s{{/%s}}", name, pick(g, "", " "+g.argument(depth)), inner(), name)
}

var helpers = []string{
	"abbreviate", "and", "array", "arrayAdd", "arrayJoin", "arrayRemove", "base64", "capitalize", "capitalizeFirst", "center", "contains", "cut", "date", "dateFormat",
	"defaultIfEmpty", "eq", "formData", "formatJson", "formatXml", "gt", "gte", "isEven", "isOdd", "join", "jsonArrayAdd", "jsonMerge", "jsonPath", "jsonRemove", "ljust",
	"log", "lookup", "lower", "lt", "lte", "matches", "math", "neq", "not", "now", "numberFormat", "or", "parseDate", "parseJson", "randomInt", "range", "regexExtract",
	"replace", "rjust", "size", "slugify", "soapXPath", "stringFormat", "stripTags", "stripes", "substring", "systemValue", "toJson", "trim", "truncateDate", "upper",
	"urlEncode", "val", "wordWrap", "xPath", "yesno",
}
