package tokensource

import (
	"context"
	"io"
	"sync/atomic"
	"time"
)

const (
	maxDiscard  = 64 << 10               // bytes read of a body that is thrown away
	discardTime = 100 * time.Millisecond // for reading and closing it
)

// discard reads a little of a body that is not needed, so that its connection can be used again,
// and closes it. The body is that of the program's transport: discard returns in time even if a
// method of it blocks or panics.
func discard(ctx context.Context, body io.ReadCloser) {
	ctx, cancel := context.WithTimeout(ctx, discardTime)
	defer cancel()
	var closing atomic.Bool
	shut := func() {
		defer func() { _ = recover() }()
		if !closing.Swap(true) {
			_ = body.Close()
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer shut()
		defer func() { _ = recover() }()
		_, _ = io.CopyN(io.Discard, &contextReader{ctx, body}, maxDiscard)
	}()
	select {
	case <-drained:
	case <-ctx.Done():
		go shut()
	}
}

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
