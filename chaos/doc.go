// Package chaos defines what a fault is, contains the built-in faults and plays faults on a timeline.
//
// A fault is injected under a lease: whoever carries out its effect ends it when the lease runs out, so that no fault
// outlives the process that asked for it. Everything that Revert needs is in the Injection, so that another process can
// revert it. A fault counts as active only once its effect was measured.
package chaos
