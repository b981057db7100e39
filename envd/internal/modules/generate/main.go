// Command generate asks testcontainers-go's modules what containers they would start, and prints that as the table which
// package modules embeds. It is a module of its own, because to link testcontainers-go costs every start of a program
// milliseconds, and envd starts often.
package main

import (
	"fmt"
	"os"
)

func main() {
	table, err := Table()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(table)
}
