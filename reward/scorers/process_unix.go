//go:build unix

package scorers

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a process its own group: an interrupt at the terminal is for us to
// handle, and its children can be ended with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// kill ends a process's group. There may be nobody left in it, which is as well.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
