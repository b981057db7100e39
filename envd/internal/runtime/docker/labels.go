package docker

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// Labels of everything that this runtime makes.
const (
	labelPrefix      = "dev.envd."
	labelEnvironment = "dev.envd.environment" // the environment's ID
	labelRun         = "dev.envd.run"         // the run
	labelRunner      = "dev.envd.runner"      // the process that owns the environment, as identity writes it
	labelExpires     = "dev.envd.expires"     // RFC 3339
	labelService     = "dev.envd.service"     // containers of services and the gateway
	labelCommand     = "dev.envd.command"     // containers of single commands
	labelControl     = "dev.envd.control"     // networks: the port of the gateway's control API
	labelLease       = "dev.envd.lease"       // volumes that only renew the lease
	labelPacked      = "dev.envd.packed"      // images that were packed here: the file
)

func (r *Runtime) labels(id string, more ...string) map[string]string {
	run := r.opts.Run
	if run == "" {
		run = id
	}
	labels := map[string]string{
		labelEnvironment: id, labelRun: run, labelRunner: identity(os.Getpid()),
		labelExpires: r.leaseFrom(time.Now()).UTC().Format(time.RFC3339),
	}
	for i := 0; i+1 < len(more); i += 2 {
		labels[more[i]] = more[i+1]
	}
	return labels
}

// leaseFrom returns the end of the lease of objects made at a time, in whole seconds as labels have them.
func (r *Runtime) leaseFrom(made time.Time) time.Time {
	lease := r.opts.Lease
	if lease <= 0 {
		lease = defaultLease
	}
	return made.Add(lease).Truncate(time.Second)
}

// of selects the objects of one environment or, with "", of all.
func of(id string) client.Filters {
	if id == "" {
		return client.Filters{}.Add("label", labelEnvironment)
	}
	return client.Filters{}.Add("label", labelEnvironment+"="+id)
}

// identity distinguishes a process from all others that ever ran: by the machine's boot, the PID namespace, the PID and the
// start time (proc_pid_stat(5)). It is empty where there is no /proc.
func identity(pid int) string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	start, err := startTime(pid)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s/%s/%d/%s", strings.TrimSpace(string(boot)), namespace, pid, start)
}

func startTime(pid int) (string, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name in the parentheses may contain anything
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return "", fmt.Errorf("process %d: malformed stat", pid)
	}
	if state := fields[0]; state == "Z" || state == "X" { // killed, and not yet reaped
		return "", fmt.Errorf("process %d has ended", pid)
	}
	return fields[19], nil
}

// liveness is what is known here about the process that owns an object.
type liveness int

const (
	unknown liveness = iota // it is on another machine, or in another PID namespace
	alive
	dead
)

func livenessOf(owner string) liveness {
	here := strings.Split(identity(os.Getpid()), "/")
	there := strings.Split(owner, "/")
	if len(here) != 4 || len(there) != 4 {
		return unknown
	}
	if here[0] != there[0] || here[1] != there[1] {
		return unknown
	}
	pid, err := strconv.Atoi(there[2])
	if err != nil {
		return unknown
	}
	if start, err := startTime(pid); err != nil || start != there[3] {
		return dead
	}
	return alive
}
