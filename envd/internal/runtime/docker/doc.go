// Package docker runs environments as containers of a Docker engine on this machine, from the same spec that the
// process runtime takes.
//
//	runner ──engine API──▶ one network per environment, with a subnet chosen free
//	   │                     ├─ gateway:  FROM scratch, envd itself; aliases = the stubs' production hostnames
//	   │                     ├─ services: their image, or the host's program; aliases = name and hostnames
//	   │                     ├─ commands: load generator and tests, one container each, seeing the host's folders
//	   │                     └─ router:   the only way out; refuses and records
//	   ├─ Dial: the container's own address, which the host reaches over the network's bridge
//	   └─ lifeline pipe ──▶ envd leash: removes everything by label once the runner is gone
//
// Everything that is made bears labels: the environment, the run, the process that owns it and when it expires. Destroy
// and Collect go by those alone, so they work from any process, and never touch what envd did not make.
//
// Images are packed by envd from files of this machine and given to the engine's load API under the digest of their
// content: no registry and no builder is needed, and each is loaded once.
package docker
