// Package footprint keeps envd's long-lived processes small. Most of a Go program's resident memory is its own text
// and tables, mapped in while it started: what it then never touches again can be given back.
package footprint
