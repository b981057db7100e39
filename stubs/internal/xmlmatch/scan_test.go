package xmlmatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	cutOff  = "XML document structures must start and end within the same entity."
	noQName = "do not match QName production: QName::=(NCName:)?NCName."
)

// Names end where Xerces ends them, which with namespaces is elsewhere than without.
func TestNamesOfTags(t *testing.T) {
	for in, want := range map[string]string{
		`<n:/>`:                           `Element or attribute "n:" ` + noQName + `; line 1; column 4`,
		`<n:1/>`:                          `Element or attribute "n:1" ` + noQName + `; line 1; column 5`,
		`<a n:="1"/>`:                     `Element or attribute "n:" ` + noQName + `; line 1; column 6`,
		`<a:b:c/>`:                        `Element type "a:b" must be followed by either attribute specifications, ">" or "/>".; line 1; column 5`,
		`<a n:y:z="1"/>`:                  `Attribute name "n:y" associated with an element type "a" must be followed by the ' = ' character.; line 1; column 7`,
		`<1a/>`:                           "The markup in the document preceding the root element must be well-formed.; line 1; column 2",
		`<xmlns:a/>`:                      `Element "xmlns:a" cannot have "xmlns" as its prefix.; line 1; column 11`,
		`<a xmlns:x=""/>`:                 `The value of the attribute "prefix="xmlns",localpart="x",rawname="xmlns:x"" is invalid. Prefixed namespace bindings may not be empty.; line 1; column 14`,
		`<a xmlns:xml="u"/>`:              `The prefix "xml" cannot be bound to any namespace other than its usual namespace; neither can the namespace for "xml" be bound to any prefix other than "xml".; line 1; column 17`,
		`<a xmlns="` + xmlnsSpace + `"/>`: `The prefix "xmlns" cannot be bound to any namespace explicitly; neither can the namespace for "xmlns" be bound to any prefix explicitly.; line 1; column 41`,
	} {
		_, err := Parse(in, true)
		assert.EqualError(t, err, want, in)
	}
	for _, in := range []string{`<n:/>`, `<n:1/>`, `<a:b:c/>`, `<a n:="1" n:y:z="1"/>`, `<xmlns:a/>`, `<a xmlns:x=""/>`} {
		_, err := Parse(in, false)
		assert.NoError(t, err, in)
	}
	for _, in := range []string{`<:/>`, `<:a></:a>`, `<a :n="1"/>`, `<a xmlns:xml="` + xmlSpace + `"/>`} {
		_, err := Parse(in, true)
		assert.NoError(t, err, in)
	}
}

// What a document lacks because it ends is told differently from what stands in its place.
func TestDocumentsThatEndTooEarly(t *testing.T) {
	for _, in := range []string{"<a", "<a ", "<a s", "<a s=", `<a s="`, `<a s="x"`, "<a/", "<a></a", "<a><!", "<a><!-", "<a><!--", "<a><?", "<a><![CDATA[x]]", "<a>&", "<a>&l", "<a>&lt", "<a>&#", "<a>&#x", "<a>&#1"} {
		_, err := Parse(in, true)
		assert.ErrorContains(t, err, cutOff, in)
	}
}

func TestCharacterReferences(t *testing.T) {
	for in, want := range map[string]string{
		`<a>&#;</a>`:            `A decimal representation must immediately follow the "&#" in a character reference.; line 1; column 6`,
		`<a>&#xg;</a>`:          `A hexadecimal representation must immediately follow the "&#x" in a character reference.; line 1; column 7`,
		`<a>&#1a;</a>`:          `The character reference must end with the ';' delimiter.; line 1; column 7`,
		`<a>&#x110000;</a>`:     `Character reference "&#x110000" is an invalid XML character.; line 1; column 14`,
		`<a>&#99999999999;</a>`: `Character reference "&#99999999999" is an invalid XML character.; line 1; column 18`,
		`<a b="&#1;"/>`:         `Character reference "&#1" is an invalid XML character.; line 1; column 11`,
		"<a b='\x01'/>":         `An invalid XML character (Unicode: 0x1) was found in the value of attribute "b" and element is "a".; line 1; column 7`,
		"<a>]]></a>":            `The character sequence "]]>" must not appear in content unless used to mark the end of a CDATA section.; line 1; column 7`,
	} {
		_, err := Parse(in, true)
		assert.EqualError(t, err, want, in)
	}
	doc, err := Parse("<a>&#65;&#x1F600;</a>", true)
	assert.NoError(t, err)
	assert.Equal(t, "A😀", doc.Root.TextContent())
}
