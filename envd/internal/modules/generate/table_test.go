package main

import (
	"os"
	"testing"
)

// The embedded table is what the pinned modules say.
func TestTable(t *testing.T) {
	want, err := Table()
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../modules.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != string(want) {
		t.Error("modules.json is not what the modules say: run go generate ./envd/internal/modules")
	}
}
