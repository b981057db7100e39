// Package chaos states what a fault is, brings the built-in faults and plays them on a timeline.
//
// A fault is injected under a lease: whoever holds its effect drops it when the lease runs out, so that no fault
// outlives the process that asked for it. Everything that Revert needs is in the Injection, so a fresh process can
// revert what another one injected. A fault counts as active only once its effect was measured.
package chaos
