package kernel

import (
	"syscall"
	"unsafe"
)

// adviseHuge marks the whole huge pages inside x. Refusal costs speed only.
func adviseHuge(x []float32) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % hugePage)
	if n := (len(b) - skip) / hugePage * hugePage; n > 0 {
		_ = syscall.Madvise(b[skip:skip+n], 14) // MADV_HUGEPAGE, unnamed in package syscall
	}
}
