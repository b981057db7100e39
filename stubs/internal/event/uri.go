package event

import (
	"fmt"
	"strings"
	"unicode"
)

// CheckURI reports a character that java.net.URI refuses in a URL, where WireMock reads it as one: RFC 2396's unwise and
// excluded characters, other than those beyond ASCII.
func CheckURI(url string) error {
	for i, r := range url {
		if strings.ContainsRune("\"<>\\^`{|}", r) || unicode.IsControl(r) || unicode.IsSpace(r) {
			return fmt.Errorf("java.lang.IllegalArgumentException: Illegal character in path at index %d: %s", i, url)
		}
	}
	return nil
}
