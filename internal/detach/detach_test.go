package detach_test

import (
	"context"
	"sync"
	"testing"

	"github.com/mfpguard/mfpguard/internal/detach"
)

type key struct{}

func TestValuesEnd(t *testing.T) {
	ctx := detach.Values(context.WithValue(t.Context(), key{}, "v"))
	child := context.WithoutCancel(ctx)
	if got := child.Value(key{}); got != "v" {
		t.Errorf("before: got %v, want v", got)
	}
	ctx.End()
	if got := child.Value(key{}); got != nil {
		t.Errorf("after: got %v, want none", got)
	}
	if ctx.Err() != nil {
		t.Errorf("the context has ended, too: %v", ctx.Err())
	}
}

// request is a context whose memory is used again, as that of some frameworks is.
type request struct {
	context.Context
	value string
}

func (r *request) Value(any) any { return r.value }

// The race detector proves that no lookup reads a request that has ended.
func TestNoLookupAfterTheEnd(t *testing.T) {
	r := &request{Context: t.Context(), value: "first"}
	ctx := detach.Values(r)
	var lookups sync.WaitGroup
	for range 4 {
		lookups.Go(func() {
			for range 1000 {
				if got := ctx.Value(key{}); got != "first" && got != nil {
					t.Errorf("a lookup got %v, want the first value or none", got)
				}
			}
		})
	}
	ctx.End()
	r.value = "second"
	lookups.Wait()
}
