// Package jsondoc is JSON as WireMock's Jackson reads and prints it, and the value model that matchers, templates and
// mappings share.
//
// A decoded value is one of nil, bool, string, [Number], [*Object] or []any.
// Objects keep the order of their members, numbers keep their spelling, so that a document can be printed back the way
// Jackson (which WireMock uses) would print it.
package jsondoc

// Number is a JSON number, spelled as it came.
type Number string

// Member is one name and value of an [Object].
type Member struct {
	Name  string
	Value any
}

// Object is a JSON object whose members keep their order. The zero value is an empty object.
type Object struct {
	members []Member
	index   map[string]int // built once the object outgrows a scan
}

const scanLimit = 8

// Len returns the number of members.
func (o *Object) Len() int { return len(o.members) }

// Members returns the members in order. The slice must not be changed.
func (o *Object) Members() []Member { return o.members }

// Get returns the value of the member called name.
func (o *Object) Get(name string) (any, bool) {
	if i := o.find(name); i >= 0 {
		return o.members[i].Value, true
	}
	return nil, false
}

// Set adds a member, or replaces the value of the one of that name in its place, as Java's LinkedHashMap does.
func (o *Object) Set(name string, value any) {
	if i := o.find(name); i >= 0 {
		o.members[i].Value = value
		return
	}
	if o.index != nil {
		o.index[name] = len(o.members)
	}
	o.members = append(o.members, Member{name, value})
	if o.index == nil && len(o.members) > scanLimit {
		o.index = make(map[string]int, 2*len(o.members))
		for i, m := range o.members {
			o.index[m.Name] = i
		}
	}
}

// Delete removes the member called name and says whether it was there.
func (o *Object) Delete(name string) bool {
	i := o.find(name)
	if i < 0 {
		return false
	}
	o.members = append(o.members[:i], o.members[i+1:]...)
	if o.index != nil {
		delete(o.index, name)
		for j := i; j < len(o.members); j++ {
			o.index[o.members[j].Name] = j
		}
	}
	return true
}

func (o *Object) find(name string) int {
	if o.index != nil {
		if i, ok := o.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].Name == name {
			return i
		}
	}
	return -1
}

// WithoutNulls is v without the members of objects that are null, at every depth, as WireMock prints maps.
func WithoutNulls(v any) any {
	switch t := v.(type) {
	case *Object:
		o := &Object{}
		for _, m := range t.Members() {
			if m.Value != nil {
				o.Set(m.Name, WithoutNulls(m.Value))
			}
		}
		return o
	case []any:
		list := make([]any, len(t))
		for i, e := range t {
			list[i] = WithoutNulls(e)
		}
		return list
	}
	return v
}
