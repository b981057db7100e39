package loadprofiles

// ParseThreshold lets tests outside of the package see how a threshold is read.
var ParseThreshold = parseThreshold
