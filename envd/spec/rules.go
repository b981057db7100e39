package spec

// The rules that diagnostics name. They are stable: people search for them.
const (
	ruleYAMLSyntax       = "yaml-syntax"        // the file is no YAML, or not one document
	ruleTooLarge         = "too-large"          // the file is no spec by its size, or aliases blow it up
	ruleUnreadable       = "unreadable"         // the file cannot be read
	ruleUnknownKey       = "unknown-key"        // a key that its mapping does not have
	ruleDuplicateKey     = "duplicate-key"      // a key twice in one mapping
	ruleUnsupported      = "unsupported"        // something that another format has and envd does not
	ruleMissingField     = "missing-field"      // something that must be there is not
	ruleWrongType        = "wrong-type"         // a list where a text should be, and the like
	ruleChooseOne        = "choose-one"         // none or several of things that exclude each other
	ruleUnknownValue     = "unknown-value"      // a word that is none of a fixed few
	ruleOutOfRange       = "out-of-range"       // a number beyond its bounds
	ruleBadDuration      = "bad-duration"       // no duration, or one without unit
	ruleBadRate          = "bad-rate"           // no rate, or one without unit
	ruleBadPercent       = "bad-percent"        // no percentage
	ruleBadCount         = "bad-count"          // no whole number
	ruleBadSize          = "bad-size"           // no amount of memory or processor time
	ruleBadMode          = "bad-mode"           // no file mode
	ruleBadName          = "bad-name"           // a name or hostname with characters it cannot have
	ruleBadPath          = "bad-path"           // a path that should be absolute
	ruleBadURL           = "bad-url"            // no absolute URL
	ruleBadDestination   = "bad-destination"    // no host:port
	ruleBadPattern       = "bad-pattern"        // no regular expression
	ruleBadDigest        = "bad-digest"         // no digest where one is needed
	ruleBadReference     = "bad-reference"      // a ${…} that refers to nothing
	ruleUnsetVariable    = "unset-variable"     // a variable without value or default
	ruleReservedName     = "reserved-name"      // a name that envd uses itself
	ruleDuplicateName    = "duplicate-name"     // two stages or two faults of one name
	ruleHostnameClash    = "hostname-clash"     // one hostname for two places
	rulePortClash        = "port-clash"         // two listeners on one address and port
	ruleUnreachableProbe = "unreachable-probe"  // a probe of a port that the service does not list
	ruleUnknownService   = "unknown-service"    // a dependency on no service
	ruleDependencyCycle  = "dependency-cycle"   // depends_on in a circle
	ruleUnknownHost      = "unknown-host"       // a request to a host that the environment lacks
	ruleBinaryNotFound   = "binary-not-found"   // a program that is not there
	rulePathNotFound     = "path-not-found"     // a file or folder that is not there
	ruleBadMapping       = "bad-mapping"        // a stub mapping that cannot be read
	ruleArtifactMismatch = "artifact-mismatch"  // the artifact's file has another digest than given
	ruleUnknownCommit    = "unknown-commit"     // a revision that cannot be resolved
	ruleUnknownModule    = "unknown-module"     // no such module
	ruleUnknownProfile   = "unknown-profile"    // no such load profile
	ruleUnknownFaultKind = "unknown-fault-kind" // no such kind of fault
	ruleUnknownTarget    = "unknown-target"     // a fault on something that it cannot act on
	ruleBadLink          = "bad-link"           // no "consumer -> dependency"
	ruleUnknownParameter = "unknown-parameter"  // a parameter that the fault's kind lacks
	ruleBadParameter     = "bad-parameter"      // a parameter with a bad value
	ruleFaultWindow      = "fault-window"       // a fault outside its stage's load
	ruleFaultOverlap     = "fault-overlap"      // two faults on one target at once
	ruleEmptyWindow      = "empty-window"       // a condition whose window is too short to prove anything
	ruleBadCondition     = "bad-condition"      // a condition that is not in the grammar
	ruleUnknownMetric    = "unknown-metric"     // no such metric
	ruleUnknownStage     = "unknown-stage"      // a condition on no stage
	ruleUnknownFault     = "unknown-fault"      // a condition on no fault
	ruleUnknownStub      = "unknown-stub"       // a condition on no stub
)
