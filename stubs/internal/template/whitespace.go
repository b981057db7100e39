package template

import (
	"strings"
)

// trimAroundTags strips the white space of the text next to a tag that has a ~ there.
func trimAroundTags(tokens []token) {
	opening := 0
	for i, t := range tokens {
		switch {
		case t.typ == tokComment:
			if strings.Contains(t.text, "~") {
				trimTag(tokens, i, i)
			}
		case t.typ >= tokStartAmp && t.typ <= tokStart:
			opening = i
		case t.typ == tokEnd || t.typ == tokEndTriple:
			if k := tokens[opening].typ; k != tokStartPartialBlock && k != tokStartRaw && k != tokEndRawBlock {
				trimTag(tokens, opening, i)
			}
		}
	}
}

func trimTag(tokens []token, start, end int) {
	if strings.Contains(tokens[start].text, "~") && start > 0 && tokens[start-1].typ == tokText {
		tokens[start-1].text = strings.TrimRightFunc(tokens[start-1].text, javaSpace)
	}
	if strings.Contains(tokens[end].text, "~") && tokens[end+1].typ == tokText {
		tokens[end+1].text = strings.TrimLeftFunc(tokens[end+1].text, javaSpace)
	}
}
