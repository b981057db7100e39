package docker

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/footprint"
)

// routing is what the gateway's container is to the network besides the gateway.
type routing struct {
	router netip.Addr   // where containers send what wants out
	ways   []way        // what of that is not refused
	links  []netip.Addr // the gateway's further addresses
}

func (r *routing) flags(flags *flag.FlagSet) {
	flags.TextVar(&r.router, "router", netip.Addr{}, "")
	flags.Func("way", "", func(text string) error {
		w, err := parseWay(text)
		r.ways = append(r.ways, w)
		return err
	})
	flags.Func("address", "", func(text string) error {
		address, err := netip.ParseAddr(text)
		r.links = append(r.links, address)
		return err
	})
}

// start takes the addresses and refuses what wants out from then on. What ends that ends the container.
func (r *routing) start() error {
	name, err := outerInterface()
	if err != nil {
		return err
	}
	for i, address := range r.links {
		if err := addAddress(name+":"+strconv.Itoa(i+1), address); err != nil {
			return fmt.Errorf("address %s: %w", address, err)
		}
	}
	failed, err := setTrap(r.router, r.ways)
	if err != nil {
		return err
	}
	go func() {
		fmt.Fprintln(os.Stderr, "envd: the environment's router:", <-failed)
		os.Exit(1)
	}()
	time.AfterFunc(settle, func() { _ = footprint.Shrink() }) // a process that stays large works all the same
	return nil
}

// confine takes from this thread, for good, what only the router needs: processes that it starts from here on may neither
// change addresses and routes nor read packets. The thread is not used for anything else.
//
// No new privileges means that root does not get back by execve(2) what it gave up (capabilities(7), prctl(2)).
func confine() error {
	runtime.LockOSThread()
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&head, &sets[0]); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	const taken = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW
	sets[0].Effective &^= taken
	sets[0].Permitted &^= taken
	sets[0].Inheritable &^= taken
	if err := unix.Capset(&head, &sets[0]); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}
