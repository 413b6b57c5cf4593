package introspect

import "testing"

func TestAllocated(t *testing.T) {
	for _, n := range []int{1, 8, 9, 16, 33, 64, 65, 128, 129, 577, 600, 1024, 1025, 3000, 10_000, 30_000, 32 << 10, 32<<10 + 1, 193_000, 900_000} {
		got, real := allocated(n), cap(append([]byte(nil), make([]byte, n)...))
		if got < n || float64(got) < 0.85*float64(real) || float64(got) > 1.15*float64(real) {
			t.Errorf("allocated(%d) is %d, the heap takes %d", n, got, real)
		}
	}
	if got := allocated(0); got != 0 {
		t.Errorf("nothing takes %d bytes", got)
	}
}
