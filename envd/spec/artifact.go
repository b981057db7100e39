package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/envd-dev/envd/envd"
)

var (
	digestForm = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
	sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)
	commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// artifact resolves the thing under judgement to something that cannot change: a digest or an object name.
func (r *resolver) artifact() envd.Artifact {
	doc := r.doc.Artifact
	if doc == nil {
		return r.onlyService()
	}
	given := 0
	for _, field := range []any{&doc.Image, &doc.File, &doc.Commit} {
		if r.given(field) {
			given++
		}
	}
	if given != 1 && !r.bad[doc] {
		r.report(r.key(doc), ruleChooseOne, "artifact needs exactly one of image, file and commit", "write artifact: {file: bin/program}")
		return envd.Artifact{}
	}
	switch {
	case r.sound(&doc.Image):
		return r.imageArtifact(&doc.Image, doc.Image)
	case r.sound(&doc.Commit):
		return r.commitArtifact(&doc.Commit, string(doc.Commit))
	case r.sound(&doc.File):
		return r.fileArtifact(doc)
	}
	return envd.Artifact{}
}

// onlyService returns the program or the image of the only service as the artifact. If there are several services, a spec
// with stages must name the artifact; one without stages needs none.
func (r *resolver) onlyService() envd.Artifact {
	services := r.doc.Environment.Services
	judged := len(r.doc.Stages) > 0
	all := len(services) + len(r.composed.Services)
	only := all == 1 && len(services) == 1
	if r.bad[r.doc] || r.composed.unread || !only && !judged {
		return envd.Artifact{} // without stages there is nothing to give a verdict on
	}
	if !only {
		have := "no service"
		if all > 1 {
			have = fmt.Sprintf("%d services", all)
		}
		r.report(r.root, ruleMissingField, fmt.Sprintf("the spec lacks \"artifact\", and has %s to take it from", have),
			"say what the verdict speaks of: artifact: {file: bin/program}, or {commit: HEAD}, or {image: name@sha256:…}")
		return envd.Artifact{}
	}
	for _, s := range services {
		if s.Image != "" && !r.onHost() {
			if !judged && r.opts.ResolveImage == nil && !digestForm.MatchString(s.Image) {
				return envd.Artifact{}
			}
			return r.imageArtifact(&s.Image, s.Image)
		}
		if !r.onHost() && (s.Build != nil || s.Module != "") && judged {
			r.report(r.root, ruleMissingField, "the spec lacks \"artifact\", and the image of its only service is not known yet",
				"say what the verdict speaks of: artifact: {commit: HEAD}, or image: name@sha256:…")
			return envd.Artifact{}
		}
		if len(s.Command) > 0 && judged { // reads the whole program, so only for specs that are judged
			path := r.locate(string(s.Command[0]))
			if digest, err := sha256File(path); err == nil {
				return envd.Artifact{File: path, SHA256: digest}
			}
		}
	}
	return envd.Artifact{} // the program was not found, which command reported
}

// locate finds a program or another file: relative to the spec if the name has a slash or the file exists there, otherwise
// in PATH.
func (r *resolver) locate(name string) string {
	path := r.absolute(name)
	if strings.ContainsRune(name, filepath.Separator) {
		return path
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if found, err := r.opts.LookPath(name); err == nil {
		return found
	}
	return path
}

func (r *resolver) fileArtifact(doc *artifact) envd.Artifact {
	out := envd.Artifact{File: r.locate(doc.File), SHA256: strings.ToLower(string(doc.SHA256))}
	before := len(r.found)
	r.exists(&doc.File, out.File, isFile, "artifact")
	if r.sound(&doc.SHA256) && !sha256Form.MatchString(out.SHA256) {
		r.report(r.node(&doc.SHA256), ruleBadDigest, "artifact.sha256 is no SHA-256", "write its 64 hex digits, or leave it out: it is computed")
	}
	if len(r.found) > before {
		return out
	}
	digest, err := sha256File(out.File)
	switch {
	case err != nil:
		r.report(r.node(&doc.File), rulePathNotFound, "artifact: "+r.notThere(out.File, err), "")
	case out.SHA256 != "" && out.SHA256 != digest:
		r.report(r.node(&doc.SHA256), ruleArtifactMismatch, fmt.Sprintf("%s has another SHA-256", r.display(out.File)), "it is "+digest)
	}
	out.SHA256 = digest
	return out
}

func (r *resolver) commitArtifact(field *literal, revision string) envd.Artifact {
	if commitForm.MatchString(revision) {
		return envd.Artifact{Commit: revision}
	}
	if r.opts.ResolveCommit == nil {
		r.report(r.node(field), ruleUnknownCommit, fmt.Sprintf("cannot resolve the revision %s here", quote(revision)), "write the full object name: git rev-parse "+revision)
		return envd.Artifact{}
	}
	commit, err := r.opts.ResolveCommit(r.opts.Dir, revision)
	if err == nil && !commitForm.MatchString(commit) {
		err = fmt.Errorf("%q is no object name", commit)
	}
	if err != nil {
		r.report(r.node(field), ruleUnknownCommit, fmt.Sprintf("cannot resolve the revision %s: %v", quote(revision), err), "write HEAD, a branch, a tag or an object name of the repository around the spec")
	}
	return envd.Artifact{Commit: commit}
}

func (r *resolver) imageArtifact(field *string, image string) envd.Artifact {
	if digestForm.MatchString(image) {
		return envd.Artifact{Image: image}
	}
	if r.opts.ResolveImage == nil {
		r.report(r.node(field), ruleBadDigest, fmt.Sprintf("the artifact's image %s has no digest", quote(image)), "a tag can move: write name@sha256:…")
		return envd.Artifact{}
	}
	resolved, err := r.opts.ResolveImage(image)
	if err != nil {
		r.report(r.node(field), ruleBadDigest, fmt.Sprintf("cannot resolve the image %s: %v", quote(image), err), "write name@sha256:…")
	}
	return envd.Artifact{Image: resolved}
}
