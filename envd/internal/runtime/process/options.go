package process

// Options configure a Runtime. One Runtime serves one run: the logs of its environment lie in LogDir.
type Options struct {
	// Exe is the envd binary, which is run again as `init` and `gateway` inside; by default the running executable.
	Exe string

	// LogDir is where each service's output goes, as SERVICE.log. It exists, and belongs to one environment at a time.
	LogDir string

	// Visible are paths that stay visible inside although they lie below /tmp or /dev/shm, which are private there.
	// Working directories and absolute commands of services always do.
	Visible []string

	// ID is the environment that will be created, if that is known. Finding out what the machine allows then begins that
	// very environment, instead of one to throw away.
	ID string

	// Redact masks secrets in a line of output; may be nil.
	Redact func([]byte) []byte

	// Plain does without namespaces even where they are possible, with the weaker guarantee of machines that refuse them.
	Plain bool
}

// Name is what specs call this runtime.
const Name = "process"

// isInit reports whether a command line, without the program's name, is that of an environment's first process.
func isInit(args []string) bool { return len(args) > 1 && args[0] == "init" && args[1] == "--env" }
