// Package envd holds the nouns of envd: what a Spec resolves to, the contract that every Runtime keeps, what a run
// observes and what a gate says of it. It performs no I/O and knows no runtime, so that every other package can share
// these words.
//
// The way through, as data:
//
//	spec bytes → Spec → Plan → State → Observations → Verdict → Evidence
package envd
