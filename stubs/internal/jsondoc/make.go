package jsondoc

import "encoding/json"

// Make makes an object of alternating names and values.
func Make(pairs ...any) *Object {
	o := &Object{members: make([]Member, 0, len(pairs)/2)}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// List makes an array of what f makes of the elements.
func List[T any](in []T, f func(T) any) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// Of turns what another package printed as JSON into a value; what is no JSON becomes a string.
func Of(m json.Marshaler) any {
	raw, err := m.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	v, err := Decode(raw)
	if err != nil {
		return string(raw)
	}
	return v
}
