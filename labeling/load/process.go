package load

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks a second in /proc: USER_HZ, which is 100 on every Linux that Go runs on.
const ticks = 100

// cpuOf is the processor time that a process has used; 0 where the system does not tell.
func cpuOf(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	after := b[strings.LastIndexByte(string(b), ')')+1:] // a name may have spaces
	fields := strings.Fields(string(after))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64) // the kernel writes numbers
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks
}

// cpu is that of this process.
func cpu() time.Duration { return cpuOf(os.Getpid()) }

// peakMB is the most memory that a process has had resident, in MB of 10⁶ bytes; 0 where
// the system does not tell.
func peakMB(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kb * 1024 / 1e6
		}
	}
	return 0
}
