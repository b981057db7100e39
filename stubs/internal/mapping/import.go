package mapping

import (
	"errors"
	"strconv"
)

const (
	javaImport        = javaPackage + "stubbing.StubImport"
	javaImportOptions = javaImport + "$Options"
	javaState         = javaPackage + "admin.model.ScenarioState"
)

// Import is the body of POST /__admin/mappings/import.
type Import struct {
	Mappings     []*StubMapping
	Overwrite    bool // a mapping whose ID exists replaces it; otherwise it is ignored
	DeleteOthers bool // mappings that are not in the import go
}

// ParseImport reads an import. The error is an *Error.
func ParseImport(data []byte) (*Import, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	in := &Import{Overwrite: true}
	err = place{value: v}.bean(javaImport, func(name string, v place) (bool, error) {
		switch name {
		case "mappings":
			return true, in.readMappings(v)
		case "importOptions":
			if v.value == nil {
				return true, nil
			}
			in.Overwrite = false // options without a policy keep what is there
			return true, v.bean(javaImportOptions, in.readOption)
		}
		return true, nil // others do not count
	})
	if err == nil && in.Mappings == nil {
		return nil, ErrNoMappings
	}
	return in, err
}

// ErrNoMappings is the error of an import without a list of mappings.
var ErrNoMappings = errors.New(`Cannot invoke "java.util.List.size()" because "mappings" is null`)

func (in *Import) readMappings(v place) error {
	list, ok := v.value.([]any)
	if !ok {
		if v.value == nil {
			return nil
		}
		return v.cannotRead("java.util.ArrayList<" + javaStub + ">")
	}
	in.Mappings = make([]*StubMapping, 0, len(list))
	for i, e := range list {
		m, err := FromValue(e, v.pointer+"/"+strconv.Itoa(i))
		if err != nil {
			return err
		}
		in.Mappings = append(in.Mappings, m)
	}
	return nil
}

func (in *Import) readOption(name string, v place) (known bool, err error) {
	switch name {
	case "duplicatePolicy":
		var policy string
		policy, err = v.enum(javaImportOptions+"$DuplicatePolicy", "IGNORE, OVERWRITE", "OVERWRITE", "IGNORE")
		in.Overwrite = policy == "OVERWRITE"
	case "deleteAllNotInImport":
		var b *bool
		if b, err = v.boolean(); b != nil {
			in.DeleteOthers = *b
		}
	default:
		return false, nil
	}
	return true, err
}

// ParseScenarioState reads the body {"state":"…"} of PUT /__admin/scenarios/{name}/state. The error is an *Error.
func ParseScenarioState(data []byte) (string, error) {
	v, err := Decode(data)
	if err != nil {
		return "", err
	}
	state := ""
	err = place{value: v}.bean(javaState, func(name string, v place) (bool, error) {
		if name != "state" {
			return false, nil
		}
		var err error
		state, _, err = v.str()
		return true, err
	})
	return state, err
}
