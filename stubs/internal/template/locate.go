package template

import (
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
)

func locate(path *jsonpath.Path, doc any) ([][]any, error) {
	if l, ok := any(path).(interface{ Locate(any) ([][]any, error) }); ok {
		return l.Locate(doc)
	}
	return nil, jsonpath.ErrNotFound
}
