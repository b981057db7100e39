package docker

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/envd-dev/envd/envd"
)

// lookup finds a program of this machine as specs name it: in PATH or, with a slash in it, relative to the spec.
func (r *Runtime) lookup(name, searchPath string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(r.opts.Dir, name)
		}
		_, err := exec.LookPath(name)
		if errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("%w: %w", envd.ErrNoProgram, err)
		}
		if err != nil {
			return "", err
		}
		return filepath.Abs(name)
	}
	for _, dir := range filepath.SplitList(searchPath) {
		candidate := filepath.Join(dir, name)
		if _, err := exec.LookPath(candidate); filepath.IsAbs(dir) && err == nil {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%w as %s in PATH (%s)", envd.ErrNoProgram, name, searchPath)
}

// architectures maps the architectures of ELF files to their names in images.
var architectures = map[elf.Machine]string{
	elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_ARM: "arm",
	elf.EM_RISCV: "riscv64", elf.EM_PPC64: "ppc64le", elf.EM_S390: "s390x",
}

// architecture returns the architecture for which a program was built.
func architecture(program string) (string, error) {
	f, err := elf.Open(program)
	if err != nil {
		return "", fmt.Errorf("%s: %w", program, err)
	}
	defer f.Close()
	arch, ok := architectures[f.Machine]
	if !ok {
		return "", fmt.Errorf("%s: images of programs for %s cannot be packed", program, f.Machine)
	}
	return arch, nil
}

// isStatic reports whether a file is a statically linked program: ELF without an interpreter (elf(5)).
func isStatic(program string) (bool, error) {
	f, err := elf.Open(program)
	var format *elf.FormatError
	switch {
	case errors.As(err, &format), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return false, nil // a script, for example
	case err != nil:
		return false, err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false, nil
		}
	}
	return true, nil
}

// refused returns why the kernel would not run a program of this machine that is not statically linked (execve(2)), or nil. A
// container that could not become its program would look like one whose program has failed.
func refused(program string) error {
	loader, err := loaderOf(program)
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	if loader == "" && !foreignFormats() {
		return fmt.Errorf("%s is neither a program for this machine nor a script with #!: %w", program, syscall.ENOEXEC)
	}
	if _, err := os.Stat(loader); filepath.IsAbs(loader) && err != nil {
		return fmt.Errorf("%s: its interpreter or dynamic loader does not exist: %w", program, err)
	}
	return nil
}

// loaderOf returns the program that the kernel loads a program with: an ELF file's dynamic loader or a script's interpreter. It
// is "" if there is none.
func loaderOf(program string) (string, error) {
	f, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if binary, err := elf.NewFile(f); err == nil {
		for _, p := range binary.Progs {
			if p.Type == elf.PT_INTERP {
				path, err := io.ReadAll(p.Open())
				return string(bytes.TrimRight(path, "\x00")), err
			}
		}
		return "", nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	line, err := bufio.NewReaderSize(f, 4096).ReadSlice('\n') // far longer than the kernel reads
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return "", err
	}
	words := bytes.Fields(bytes.TrimPrefix(line, []byte("#!")))
	if !bytes.HasPrefix(line, []byte("#!")) || len(words) == 0 {
		return "", nil
	}
	return string(words[0]), nil
}

// foreignFormats reports whether this kernel has been taught to run more than ELF files and scripts (binfmt_misc).
func foreignFormats() bool {
	formats, err := os.ReadDir("/proc/sys/fs/binfmt_misc")
	return err == nil && len(formats) > 2 // besides "register" and "status"
}

// seenFrom returns what an image must hold for a program to be found in it where it is on this machine, while the machine's
// folder dir lies over the image's: where a symbolic link leads out of that folder, the image goes on.
func seenFrom(dir, program string) (content, error) {
	c := content{program: program, at: program}
	if dir == "" || !within(program, dir) {
		return c, nil
	}
	for {
		target, err := os.Readlink(c.at)
		if errors.Is(err, syscall.EINVAL) { // it is no link
			break
		}
		if err != nil {
			return c, err
		}
		if !within(c.at, dir) {
			c.links = append(c.links, link{c.at, target})
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(c.at), target)
		}
		c.at = filepath.Clean(target)
	}
	if !within(c.at, dir) {
		return c, nil
	}
	var err error
	c.at, err = filepath.EvalSymlinks(c.at) // one of its folders may be a link
	return c, err
}
