package envd

import (
	"fmt"
	"strings"
)

const (
	idLength  = 63 // of a DNS label (RFC 1035): an ID is a hostname too
	idLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// CheckID returns an error unless id can name a run and its environment. An ID must do as a command-line word, a file
// name, a hostname and a part of container names, so that it works on every runtime.
func CheckID(id string) error {
	strange := func(r rune) bool { return !strings.ContainsRune(idLetters+"._-", r) }
	if id == "" || len(id) > idLength || strings.ContainsFunc(id, strange) || strings.Trim(id, "._-") != id {
		return fmt.Errorf("%q cannot name a run: use letters, digits, dots and dashes, %d at most", id, idLength)
	}
	return nil
}
