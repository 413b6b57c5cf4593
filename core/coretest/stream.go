package coretest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// streamBuffer is how much of an answer is held back. A smaller answer is delivered when its
// handler has returned, as in net/http. So the call has ended when its client gets the answer.
const streamBuffer = 64 << 10

// stream is the ResponseWriter of a call without a socket. Only the goroutine of that call uses it,
// except for result and ctx.
type stream struct {
	request *http.Request // the client's
	ctx     context.Context
	cancel  context.CancelFunc
	result  chan result // receives once, has room for it

	header http.Header
	sent   http.Header // header as it was when the status was written
	status int
	held   []byte
	pipe   *io.PipeWriter // nil until something was sent
}

type result struct {
	response *http.Response
	err      error
}

// run calls the handler and returns when that returns.
func (o *stream) run(h http.Handler, r *http.Request) {
	defer o.cancel()
	defer func() { _ = r.Body.Close() }() // r, as handlers replace the Body of their own copy
	defer func() {
		switch p := recover(); p {
		case nil:
			o.finish()
		case http.ErrAbortHandler:
			o.abort()
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(o, r)
}

// Header implements [http.ResponseWriter].
func (o *stream) Header() http.Header { return o.header }

// WriteHeader implements [http.ResponseWriter].
func (o *stream) WriteHeader(status int) {
	if o.status == 0 {
		o.status, o.sent = status, o.header.Clone()
	}
}

// Write implements [http.ResponseWriter]. If the buffer is full, it waits for the client to read.
func (o *stream) Write(p []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	if o.pipe == nil && len(o.held)+len(p) <= streamBuffer {
		o.held = append(o.held, p...)
		return len(p), nil
	}
	o.Flush()
	return o.pipe.Write(p)
}

// Flush implements [http.Flusher].
func (o *stream) Flush() {
	o.WriteHeader(http.StatusOK)
	if o.pipe == nil {
		reader, writer := io.Pipe()
		context.AfterFunc(o.ctx, func() { _ = writer.CloseWithError(o.cause()) })
		o.pipe = writer
		o.result <- result{response: o.response(&piped{reader, o.cancel}, -1)}
	}
	if held := o.held; len(held) > 0 {
		o.held = nil
		_, _ = o.pipe.Write(held) // a client that left shows at the next Write
	}
}

func (o *stream) finish() {
	o.WriteHeader(http.StatusOK)
	if o.pipe != nil {
		_ = o.pipe.Close()
		return
	}
	o.result <- result{response: o.response(io.NopCloser(bytes.NewReader(o.held)), int64(len(o.held)))}
}

func (o *stream) abort() {
	if o.pipe != nil {
		_ = o.pipe.CloseWithError(o.cause())
		return
	}
	o.result <- result{err: &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}}
}

// cause returns why the body ends early: the error of the client's context, or else that of the
// server.
func (o *stream) cause() error {
	if err := context.Cause(o.request.Context()); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

func (o *stream) response(body io.ReadCloser, length int64) *http.Response {
	header := make(http.Header, len(o.sent))
	for name, values := range o.sent {
		if len(values) == 0 {
			continue // how a handler keeps net/http from guessing a field
		}
		name = http.CanonicalHeaderKey(name)
		header[name] = append(header[name], values...)
	}
	if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	return &http.Response{
		Status:     fmt.Sprintf("%03d %s", o.status, http.StatusText(o.status)),
		StatusCode: o.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        header,
		Body:          body,
		ContentLength: length,
		Request:       o.request,
	}
}

// piped is the body of an answer that is being written. Closing it tells the handler that the
// client has left.
type piped struct {
	*io.PipeReader
	cancel context.CancelFunc
}

// Close implements [io.Closer].
func (p *piped) Close() error {
	err := p.PipeReader.Close()
	p.cancel()
	return err
}
