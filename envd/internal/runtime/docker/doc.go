// Package docker runs environments as containers of a Docker engine on this machine, from the same spec that the
// process runtime takes.
//
//	runner ──engine API──▶ one network per environment, with a subnet chosen free
//	   │                     ├─ gateway:  FROM scratch, envd itself; aliases = the stubs' production hostnames; the only
//	   │                     │            way out, where what nobody declared is refused and recorded
//	   │                     ├─ services: their image, or the host's program; aliases = name and hostnames
//	   │                     └─ commands: load generator and tests, one container each, seeing the host's folders
//	   ├─ Dial: the container's own address, which the host reaches over the network's bridge
//	   └─ lifeline pipe ──▶ envd leash: removes everything by label once the runner is gone
//
// Every object carries labels: the environment, the run, the process that owns it and when its lease ends. Destroy and
// Collect go by labels alone, so they work from any process, and never touch what envd did not make.
//
// envd packs images from files of this machine and loads them into the engine under the digest of their content: each is
// loaded once, and no registry or builder is needed.
package docker
