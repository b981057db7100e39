package mapping

import (
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Settings are the global settings of a server: PUT /__admin/settings.
type Settings struct {
	FixedDelay        *int // milliseconds, added to every response without a delay of its own
	DelayDistribution *DelayDistribution
	Extended          *jsondoc.Object
	ProxyPassThrough  bool
	None              bool // put as null: there is nothing to tell of until others are put
}

// DefaultSettings are those of a fresh server.
func DefaultSettings() *Settings { return &Settings{ProxyPassThrough: true} }

const (
	javaSettings        = javaPackage + "global.GlobalSettings"
	javaWrappedSettings = javaPackage + "admin.model.GetGlobalSettingsResult"
)

// ParseSettings reads the body of PUT /__admin/settings: settings, or such as GET answers with, within "settings". The error,
// an *Error, is about the latter. null, in either place, stands for no settings.
func ParseSettings(data []byte) (*Settings, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return &Settings{None: true}, nil
	}
	s := &Settings{}
	if (place{value: v}).bean(javaSettings, s.read) == nil {
		return s, nil
	}
	s = &Settings{None: true}
	return s, place{value: v}.bean(javaWrappedSettings, func(name string, v place) (bool, error) {
		if name != "settings" {
			return false, nil
		}
		if *s = (Settings{None: v.value == nil}); s.None {
			return true, nil
		}
		return true, v.bean(javaSettings, s.read)
	})
}

func (s *Settings) read(name string, v place) (known bool, err error) {
	switch name {
	case "fixedDelay":
		s.FixedDelay, err = v.integer("java.lang.Integer")
	case "delayDistribution":
		s.DelayDistribution, err = readDelay(v)
	case "extended":
		s.Extended, err = v.parameters(javaParams)
	case "proxyPassThrough":
		s.ProxyPassThrough, err = v.primitiveBoolean()
	default:
		return false, nil
	}
	return true, err
}

// Value is the settings as WireMock prints them.
func (s *Settings) Value() *jsondoc.Object {
	w := writer{&jsondoc.Object{}, nil}
	w.integer("fixedDelay", s.FixedDelay)
	if s.DelayDistribution != nil {
		w.Set("delayDistribution", s.DelayDistribution.Value())
	}
	if s.Extended != nil {
		w.Set("extended", jsondoc.WithoutNulls(s.Extended))
	}
	w.Set("proxyPassThrough", s.ProxyPassThrough)
	return w.Object
}

// WithExtended is a copy of the settings with members of more added to, or put in the place of, the extended ones.
func (s *Settings) WithExtended(more *jsondoc.Object) *Settings {
	n := *s
	n.None, n.ProxyPassThrough = false, true // WireMock copies the other settings only
	all := &jsondoc.Object{}
	for _, o := range []*jsondoc.Object{s.Extended, more} {
		if o != nil {
			for _, m := range o.Members() {
				all.Set(m.Name, m.Value)
			}
		}
	}
	n.Extended = &jsondoc.Object{}
	for _, m := range all.Members() {
		if m.Value != nil { // null takes a member away
			n.Extended.Set(m.Name, m.Value)
		}
	}
	return &n
}

// ParseExtended reads the body of PATCH /__admin/settings/extended. The error is an *Error.
func ParseExtended(data []byte) (*jsondoc.Object, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	var extended *jsondoc.Object
	err = place{value: v}.bean(javaPackage+"admin.model.ExtendedSettingsWrapper", func(name string, v place) (bool, error) {
		if name != "extended" {
			return false, nil
		}
		extended, err = v.parameters(javaParams)
		return true, err
	})
	return extended, err
}
