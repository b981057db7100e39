package docker

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// awaitSocket blocks until somebody in the container listens on a TCP port. The kernel tells of no such event. An error
// means that it cannot be seen, or not any more.
func (p *process) awaitSocket(ctx context.Context) error {
	for pause := 2 * time.Millisecond; ; pause = min(pause*3/2, longestGlance) {
		for _, table := range []string{"tcp", "tcp6"} {
			f, err := os.Open("/proc/" + strconv.Itoa(p.pid) + "/net/" + table)
			if err != nil {
				return err
			}
			found := listener(f)
			f.Close()
			if found {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// longestGlance is the longest pause between two looks at a container's sockets, which cost the kernel milliseconds.
const longestGlance = 50 * time.Millisecond

// enginesOwn is how /proc/net/tcp writes 127.0.0.11, where the engine itself answers DNS in every container.
var enginesOwn = fmt.Sprintf("%08X:", binary.NativeEndian.Uint32([]byte{127, 0, 0, 11}))

// listener reads from a table such as /proc/net/tcp, in which those that listen come first (the kernel's
// Documentation/networking/proc_net_tcp.rst), whether there is one but the engine's own.
func listener(table io.Reader) bool {
	lines := bufio.NewScanner(table)
	lines.Scan() // the heads of the columns
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || f[3] != "0A" {
			return false
		}
		if !strings.HasPrefix(f[1], enginesOwn) {
			return true
		}
	}
	return false
}
