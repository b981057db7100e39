// Package process runs environments as plain processes of this machine: no Docker, no images, no root.
//
// On Linux an environment is one set of user, PID, network, mount, IPC and UTS namespaces. Its PID 1 is this very
// binary (`envd init --env ID`, see init), a child of the runner that dies with it: by PDEATHSIG, and because the
// control socket between the two is its lifeline. Whatever kills the runner, the kernel ends everything inside, and as
// nothing of an environment but its logs is written outside the namespaces, nothing is left.
//
//	runner ──control socket──▶ PID 1 ──fork──▶ gateway, services, k6, test commands
//	   │  (requests, passed files)   │
//	   │                             ├─ /etc/hosts: services → 127.0.0.1, stubs → 127.0.1.1 (the gateway)
//	   │                             ├─ private /, /tmp and /dev/shm; files placed by bind mounts and overlays
//	   └─ Dial: PID 1 connects       ├─ ports that a service and a stub both want: the stub's are redirected (nf_tables)
//	      inside and passes the      └─ default route into a trap: what wants out is recorded and refused
//	      socket
//
// Where user namespaces are refused, the same PID 1 program runs as a subreaper without namespaces (Options.Plain):
// an own loopback address per environment, no hostnames, no isolation. Capabilities says so.
package process
