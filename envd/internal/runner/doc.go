// Package runner owns one environment from provision to teardown: it carries out the plan, exercises the stages, records
// what it observes, has that judged, and proves that nothing is left. It needs no daemon: each run is a process of its
// own, whose control API other commands find through the run directory.
package runner
