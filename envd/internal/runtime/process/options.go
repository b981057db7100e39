package process

// Options are the runtime's surroundings. One Runtime serves one run: the logs of its environment lie in LogDir.
type Options struct {
	// Exe is the envd binary, which is run again as `init` and `gateway` inside; by default the running executable.
	Exe string

	// LogDir is where each service's output goes, as SERVICE.log. It exists, and belongs to one environment at a time.
	LogDir string

	// Visible are paths that stay visible inside though they lie below /tmp or /dev/shm, which are private there.
	// Working directories and absolute commands of services always do.
	Visible []string

	// ID is the environment that will be created, where that is known. To ask the machine what it allows is then to begin
	// this environment, instead of one to throw away: create takes over what is there.
	ID string

	// Redact masks secrets in one line of output, where set.
	Redact func([]byte) []byte

	// Plain goes without namespaces even where they are to be had: the weaker guarantee of other machines.
	Plain bool
}

// Name is this runtime's word in a spec.
const Name = "process"

// isInit reports whether a command line, without the program's name, is that of an environment's first process.
func isInit(args []string) bool { return len(args) > 1 && args[0] == "init" && args[1] == "--env" }
