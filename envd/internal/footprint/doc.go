// Package footprint keeps envd's long-lived processes small. Most of the resident memory of an idle Go program is its own
// code and tables, mapped in during the start. What it does not touch again can be given back.
package footprint
