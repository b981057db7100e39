package mapping

import "github.com/envd-dev/envd/stubs/internal/jsondoc"

// Extension is what a mapping may ask for beyond WireMock. Plain WireMock files have none.
type Extension struct {
	source *jsondoc.Object
}

func readExtension(v place) (*Extension, error) {
	o, err := v.parameters("envd.Extension")
	if o == nil || err != nil {
		return nil, err
	}
	return &Extension{source: o}, nil
}
