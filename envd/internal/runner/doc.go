// Package runner owns one environment from provision to teardown: it carries the plan out, exercises the stages,
// records what it observes, hands that to the judge and proves that nothing is left. It needs no daemon: one process
// per run, whose control API others find through the run directory.
package runner
