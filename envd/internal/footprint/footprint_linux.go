package footprint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// Shrink gives back memory that only the start needed: the heap's free pages, and the pages of the program file, which the
// kernel maps in again from its cache when they are used.
func Shrink() error {
	debug.FreeOSMemory()
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	regions, err := cleanRegions(smaps)
	if err := errors.Join(err, smaps.Close()); err != nil {
		return err
	}
	for _, r := range regions {
		_, _, errno := unix.Syscall(unix.SYS_MADVISE, r.start, r.end-r.start, unix.MADV_DONTNEED)
		if errno != 0 {
			return fmt.Errorf("give back %x-%x: %w", r.start, r.end, errno)
		}
	}
	return nil
}

type region struct{ start, end uintptr }

// cleanRegions finds, in /proc/PID/smaps (proc_pid_smaps(5)), the mappings that have nothing but the file's content: not
// writable, and without private pages, such as those of tables that the dynamic loader has relocated.
func cleanRegions(smaps io.Reader) ([]region, error) {
	var found []region
	var current region
	candidate := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "Anonymous:" {
			if candidate && len(fields) > 1 && fields[1] == "0" {
				found = append(found, current)
			}
			candidate = false
			continue
		}
		if strings.HasSuffix(fields[0], ":") || len(fields) < 6 {
			continue
		}
		candidate = !strings.Contains(fields[1], "w") && strings.HasPrefix(fields[5], "/")
		if candidate {
			if _, err := fmt.Sscanf(fields[0], "%x-%x", &current.start, &current.end); err != nil {
				return nil, fmt.Errorf("smaps: %q: %w", lines.Text(), err)
			}
		}
	}
	return found, lines.Err()
}
