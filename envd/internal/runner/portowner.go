package runner

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// listening is how /proc/net/tcp writes the state LISTEN.
const listening = "0A"

// ownerOf says who listens on a port of this host: " by nginx (pid 42)", or "" if this user may not know.
func ownerOf(address string) string {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ""
	}
	var sockets []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		sockets = append(sockets, socketsOn(string(b), uint16(port))...)
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is well-formed
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && slices.Contains(sockets, target) {
			return " by " + processOf(strings.Split(fd, "/")[2])
		}
	}
	return ""
}

// socketsOn finds the listeners on a port in a table such as /proc/net/tcp (proc_net(5)). It returns them as the targets
// of their descriptors' links below /proc/PID/fd: "socket:[INODE]".
func socketsOn(table string, port uint16) (sockets []string) {
	suffix := ":" + strings.ToUpper(hex.EncodeToString([]byte{byte(port >> 8), byte(port)}))
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 9 && strings.HasSuffix(f[1], suffix) && f[3] == listening {
			sockets = append(sockets, "socket:["+f[9]+"]")
		}
	}
	return sockets
}

// processOf names a process for people; a runner of envd is named by its environment.
func processOf(pid string) string {
	b, err := os.ReadFile("/proc/" + pid + "/cmdline")
	args := strings.Split(strings.TrimRight(string(b), "\x00"), "\x00")
	if err != nil || args[0] == "" {
		return "pid " + pid
	}
	name := filepath.Base(args[0])
	if i := slices.Index(args, "--id"); name == "envd" && i > 0 && i+1 < len(args) {
		return fmt.Sprintf("the environment %s (envd down %s)", args[i+1], args[i+1])
	}
	return fmt.Sprintf("%s (pid %s)", name, pid)
}
