package xmlmatch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The messages are Xerces', as WireMock's admin API gives them.
func TestParseErrors(t *testing.T) {
	for source, want := range map[string]string{
		"":                            "Premature end of file.; line 1; column 1",
		"x":                           "Content is not allowed in prolog.; line 1; column 1",
		"<a>":                         "XML document structures must start and end within the same entity.; line 1; column 4",
		"<a/> x":                      "Content is not allowed in trailing section.; line 1; column 6",
		"<a/><b/>":                    "The markup in the document following the root element must be well-formed.; line 1; column 6",
		"<a><b></a>":                  "The element type \"b\" must be terminated by the matching end-tag \"</b>\".; line 1; column 9",
		"<a b='1' b='2'/>":            "Attribute \"b\" was already specified for element \"a\".; line 1; column 17",
		"<a>&foo;</a>":                "The entity \"foo\" was referenced, but not declared.; line 1; column 9",
		"<x:a/>":                      "The prefix \"x\" for element \"x:a\" is not bound.; line 1; column 7",
		"<a>\n&lt</a>":                "The reference to entity \"lt\" must end with the ';' delimiter.; line 2; column 4",
		"<!DOCTYPE a SYSTEM \"x\"><a": "XML document structures must start and end within the same entity.; line 1; column 26",
	} {
		_, err := Parse(source, true)
		assert.EqualError(t, err, want, source)
	}
}

func TestEntities(t *testing.T) {
	doc, err := Parse(`<!DOCTYPE a [<!ENTITY e "v"><!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY g "&e;&e;">]><a b="&e;">&e;&f;&g;&#65;</a>`, true)
	require.NoError(t, err)
	assert.Equal(t, "vA", doc.Root.TextContent())
	_, err = Parse(`<!DOCTYPE a [<!ENTITY e "`+strings.Repeat("x", 10_000)+`">]><a>`+strings.Repeat("&e;", 20)+`</a>`, true)
	assert.ErrorContains(t, err, "expand to too much text")
	_, err = Parse(strings.Repeat("<a>", maxDepth+1), true)
	assert.ErrorContains(t, err, "nested too deeply")
}

// What is expected here is what the JDK's transformer prints.
func TestRender(t *testing.T) {
	for source, want := range map[string]string{
		"<a><b/>text<c/></a>":          "<a>\n  <b/>\n  text\n  <c/>\n</a>\n",
		"<a>\n  <b>1</b>\n</a>":        "<a>\n    \n  <b>1</b>\n  \n</a>\n",
		"<a><b> x </b></a>":            "<a>\n  <b> x </b>\n</a>\n",
		"<a><!--c--><?p d?></a>":       "<a>\n  <!--c-->\n  <?p d?>\n</a>\n",
		"<a><![CDATA[x<]]>y</a>":       "<a><![CDATA[x<]]>y</a>\n",
		"<a b='1\t2' c='\"&lt;'>></a>": "<a b=\"1 2\" c=\"&quot;&lt;\">&gt;</a>\n",
		"<a>😀&#13;</a>":                "<a>&#128512;&#13;</a>\n",
		"<!--x--><a></a>":              "<!--x--><a/>\n",
		"<n:a xmlns:n='u' n:b='1'/>":   "<n:a xmlns:n=\"u\" n:b=\"1\"/>\n",
		// the outermost element begins with the declaration of its own prefix, the others have theirs in order
		"<s:a xmlns:m='u' xmlns:s='v'/>":            "<s:a xmlns:s=\"v\" xmlns:m=\"u\"/>\n",
		"<a><s:b xmlns:m='u' xmlns:s='v'/></a>":     "<a>\n  <s:b xmlns:m=\"u\" xmlns:s=\"v\"/>\n</a>\n",
		"<a xmlns:m='u' xmlns:b='v' xmlns='w'/>":    "<a xmlns=\"w\" xmlns:b=\"v\" xmlns:m=\"u\"/>\n",
		"<s:a xmlns:s='v' xmlns:m='v'><m:b/></s:a>": "<s:a xmlns:s=\"v\" xmlns:m=\"v\">\n  <m:b/>\n</s:a>\n",
	} {
		doc, err := Parse(source, false)
		require.NoError(t, err)
		assert.Equal(t, want, doc.Root.Render(), source)
	}
	doc, err := Parse("<a xmlns:n='u'><n:b n:c='1'/></a>", true)
	require.NoError(t, err)
	assert.Equal(t, "<n:b xmlns:n=\"u\" n:c=\"1\"/>\n", doc.Root.Children[0].Children[0].Render())
}

func TestComparison(t *testing.T) {
	legacy, none := Options{Awareness: Legacy}, Options{Awareness: None}
	for _, c := range []struct {
		expected, actual string
		opts             Options
		equal            bool
	}{
		{"<a><b>1</b><c>2</c></a>", "<a> <c>2</c>\n<b> 1 </b> </a>", Options{}, true},
		{"<a><b>1</b><b>2</b></a>", "<a><b>2</b><b>1</b></a>", Options{}, false},
		{"<a><b>1</b><b>2</b></a>", "<a><b>2</b><b>1</b></a>", Options{IgnoreOrderOfSameNode: true}, true},
		{"<a b='1' c='2'/>", "<a c='2' b=' 1 '/>", Options{}, true},
		{"<a b='1'/>", "<a b='2'/>", Options{}, false},
		{"<a b='1'/>", "<a b='2'/>", Options{Exempted: []string{"ATTR_VALUE"}}, true},
		{"<a/>", "<a b='2'/>", Options{}, false},
		{"<a>x</a>", "<a><![CDATA[x]]></a>", Options{}, false},
		{"<a>x</a>", "<a><![CDATA[x]]></a>", legacy, true},
		{"<a><!--c-->x</a>", "<a>x</a>", Options{}, true},
		{"<a>t<b/></a>", "<a>t<b/></a>", Options{}, false}, // as WireMock, which cannot order texts
		{"<x:a xmlns:x='u'/>", "<y:a xmlns:y='u'/>", Options{}, true},
		{"<x:a xmlns:x='u'/>", "<x:a xmlns:x='v'/>", Options{}, false},
		{"<x:a xmlns:x='u'/>", "<x:a xmlns:x='v'/>", legacy, true},
		{"<x:a/>", "<y:a/>", legacy, true},
		{"<a xmlns='u'/>", "<a xmlns='v'/>", legacy, false},
		{"<x:a xmlns:x='u'/>", "<y:a xmlns:y='u'/>", none, false},
		{"<x:a/>", "<x:a/>", none, true},
		{"<a><b/><c/></a>", "<a><b/><c/></a>", none, false}, // as WireMock
		{"<a/>", "<a xmlns='u'/>", Options{}, true},
		{"<a xmlns='u'/>", "<a/>", Options{}, false},
		{"<a/>", "<a", Options{}, false},
	} {
		comparison, err := New(c.expected, c.opts)
		require.NoError(t, err, c.expected)
		assert.Equal(t, c.equal, comparison.Equal(c.actual), "%s with %s %+v", c.expected, c.actual, c.opts)
	}
}

func TestDistance(t *testing.T) {
	c, err := New("<a><b>1</b><c/></a>", Options{})
	require.NoError(t, err)
	assert.Zero(t, c.Distance("<a><b>1</b><c/></a>"))
	assert.InDelta(t, 1, c.Distance("nonsense"), 0)
	assert.InDelta(t, 1.0/17, c.Distance("<a><b>2</b><c/></a>"), 1e-12)
}

func TestPlaceholders(t *testing.T) {
	for _, c := range []struct {
		expected, actual string
		equal            bool
	}{
		{"<a x='${xmlunit.ignore}'>${xmlunit.ignore}</a>", "<a/>", true},
		{"<a>${xmlunit.ignore}</a>", "<a><b/></a>", true},
		{"<a>${xmlunit.isNumber}</a>", "<a> 1.5e3 </a>", true},
		{"<a>${xmlunit.isNumber}</a>", "<a>x</a>", false},
		{"<a>x ${xmlunit.isNumber}</a>", "<a>x 1</a>", false},
		{"<a>${xmlunit.isDateTime}</a>", "<a>2020-01-02T03:04:05Z</a>", true},
		{"<a>${xmlunit.isDateTime(dd.MM.yyyy)}</a>", "<a>02.01.2020</a>", true},
		{"<a>${xmlunit.isDateTime(dd.MM.yyyy)}</a>", "<a>2020</a>", false},
		{"<a>${xmlunit.matchesRegex(^\\d+$)}</a>", "<a>12</a>", true},
		{"<a>${xmlunit.matchesRegex([)}</a>", "<a>12</a>", false},
		{"<a>${xmlunit.unknown}</a>", "<a>x</a>", false},
	} {
		p, err := NewPlaceholders("", "")
		require.NoError(t, err)
		comparison, err := New(c.expected, Options{Placeholders: p})
		require.NoError(t, err)
		assert.Equal(t, c.equal, comparison.Equal(c.actual), "%s with %s", c.expected, c.actual)
	}
	_, err := NewPlaceholders("[", "")
	assert.EqualError(t, err, "Unclosed character class near index 29\n(\\s*[\\s*\\Qxmlunit.\\E(.+)\\s*\\Q}\\E\\s*)\n                             ^")
}

const shop = `<shop xmlns:n="urn:n" xml:lang="en-GB"><item id="1" price="2.5">one</item><item id="2">two<![CDATA[!]]></item><n:item n:id="3"/><box><item/></box><!--note--><?do it?></shop>`

func TestXPath(t *testing.T) {
	namespaces := map[string]string{"p": "urn:n"}
	for _, c := range []struct {
		expr       string
		namespaces map[string]string
		want       []string
	}{
		{"//item/@id", nil, []string{"1", "2", "3"}}, // of prefixed names too, as the JDK does without namespaces
		{"//item/@id", namespaces, []string{"1", "2"}},
		{"/shop/item[1]/text()", namespaces, []string{"one"}},
		{"//p:item/@p:id", namespaces, []string{"3"}},
		{"//p:*", namespaces, []string{"<n:item xmlns:n=\"urn:n\" n:id=\"3\"/>\n"}},
		{"count(//item)", nil, []string{"3"}},
		{"count(/shop/item)", nil, []string{"3"}},
		{"//*[name()='n:item']/@*[local-name()='id']", nil, []string{"3"}},
		{"/shop/item[2]", namespaces, []string{"<item id=\"2\">two<![CDATA[!]]></item>\n"}},
		{"string(/shop/item[2])", nil, []string{"two!"}},
		{"//item[@price > 2]/@id | //item[. = 'two!']/@id", nil, []string{"1", "2"}},
		{"//item[last()]/@id", namespaces, []string{"2"}},
		{"(//item)[last()]", namespaces, []string{"<item/>\n"}},
		{"//box/preceding-sibling::item[1]/@id", namespaces, []string{"2"}},
		{"//item[following-sibling::box]/@id", namespaces, []string{"1", "2"}},
		{"//box/ancestor-or-self::*[1]", namespaces, []string{"<box>\n  <item/>\n</box>\n"}},
		{"//comment()", nil, []string{"[#comment: note]"}},
		{"//processing-instruction('do')", nil, []string{"[do: it]"}},
		{"sum(//@price) * 1000", nil, []string{"2,500"}},
		{"1 div 3", nil, []string{"0.333"}},
		{"1 div 0", nil, []string{"∞"}},
		{"number('x')", nil, []string{"NaN"}},
		{"10 mod 4 - -1", nil, []string{"3"}},
		{"concat(substring('12345', 2, 3), substring-after('a=b', '='), translate('abc', 'ab', 'x'))", nil, []string{"234bxc"}},
		{"normalize-space('  a  b ')", nil, []string{"a b"}},
		{"starts-with('abc', 'ab') and not(contains('abc', 'z'))", nil, []string{"true"}},
		{"boolean(//nope) or 1 = 2", nil, []string{"false"}},
		{"round(2.5) + floor(-1.5) + ceiling(1.2)", nil, []string{"3"}},
		{"//item[lang('en')][position() < 2]/@id", namespaces, []string{"1"}},
		{"string-length(//item[1])", nil, []string{"3"}},
		{"//nope", nil, []string{}},
	} {
		x, err := CompileXPath(c.expr, c.namespaces)
		require.NoError(t, err, c.expr)
		doc, err := Parse(shop, x.Namespaces())
		require.NoError(t, err)
		v, err := x.Find(doc)
		require.NoError(t, err, c.expr)
		assert.Equal(t, c.want, Texts(v), c.expr)
	}
}

func TestXPathByType(t *testing.T) {
	doc, err := Parse("<a><b><![CDATA[x]]></b><c>z</c><d><![CDATA[y]]>t</d></a>", false)
	require.NoError(t, err)
	for expr, want := range map[string]string{ // sections on their own are found by the way to them, not by their type
		"count(//text())": "2", "count(.//text())": "2", "count(/descendant::text())": "2",
		"count(/a//text())": "3", "count(//b/text())": "1", "count(//*/text())": "3",
	} {
		x, err := CompileXPath(expr, nil)
		require.NoError(t, err, expr)
		v, err := x.Find(doc)
		require.NoError(t, err, expr)
		assert.Equal(t, []string{want}, Texts(v), expr)
	}
}

// The functions that tell names take the node that the JDK comes to first, which need not be the first in the document.
func TestXPathNamesOfTheFirstNode(t *testing.T) {
	doc, err := Parse(`<r><a><b><c/><d/><e/></b><f/><g><h/><i/></g></a><j/><k><l/><m/></k></r>`, false)
	require.NoError(t, err)
	for expr, want := range map[string]any{
		"local-name(//*[2])":             "j",
		"string(local-name(//*[2]))":     "j",
		"name(//*/*[3])":                 "k",
		"name(//*/following::*)":         "j",
		"name(//*[2]/self::*)":           "j",
		"name((//*[2])[1])":              "d",
		"name(//*[2]|//*[3])":            "d",
		"name(//h/ancestor::*)":          "r",
		"name(//m/preceding::*)":         "a",
		"name(//*[9])":                   "",
		"name(//*[count(*)=2])":          "g",
		"name(//*[2][local-name()='i'])": "i",
	} {
		x, err := CompileXPath(expr, nil)
		require.NoError(t, err, expr)
		got, err := x.Find(doc)
		require.NoError(t, err, expr)
		assert.Equal(t, want, got, expr)
	}
}

func TestXPathErrors(t *testing.T) {
	for _, expr := range []string{"", "//a[", "foo()", "a b", "$x", "count()", "//a[1", "'x", "//", "axis::a", strings.Repeat("(", 300)} {
		_, err := CompileXPath(expr, nil)
		assert.Error(t, err, expr)
	}
	_, err := CompileXPath("//n:a", map[string]string{"p": "urn:n"})
	assert.ErrorContains(t, err, "prefix must resolve to a namespace: n")
}

func TestXPathIsBounded(t *testing.T) {
	doc, err := Parse("<a>"+strings.Repeat("<b/>", 3000)+"</a>", false)
	require.NoError(t, err)
	x, err := CompileXPath("//b[//b[//b]]", nil)
	require.NoError(t, err)
	_, err = x.Find(doc)
	assert.ErrorIs(t, err, errTooManyVisits)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{shop, `<!DOCTYPE a [<!ENTITY e "v">]><a>&e;</a>`, "<a", "<a b=>", "<?xml version='1.0'?><a/>", "<a>&#x110000;</a>", "<a><![CDATA[", "<!DOCTYPE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		doc, err := Parse(s, true)
		if err != nil {
			return
		}
		_ = doc.Root.Render()
		c, err := New(s, Options{})
		require.NoError(t, err)
		_ = c.Equal(s)
	})
}

func FuzzXPath(f *testing.F) {
	for _, s := range []string{"//a[@b='c' and position() < 3]/..", "count(a|b) * -1", "translate('a', 'b', 'c')", "((((", "//@*", "1 div 0", "ancestor::a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		x, err := CompileXPath(expr, map[string]string{"n": "urn:n"})
		if err != nil {
			return
		}
		doc, err := Parse(shop, true)
		require.NoError(t, err)
		if v, err := x.Find(doc); err == nil {
			_ = Texts(v)
		}
	})
}
