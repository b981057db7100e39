package spec

import (
	"flag"
	"reflect"
)

var update = flag.Bool("update", false, "write the golden files anew")

// valueOf is the addressable value that a pointer leads to.
func valueOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }
