package coretest

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// Transport returns a RoundTripper that calls the server directly, without a socket. It works
// without a listener and in a testing/synctest bubble: there a delayed or hanging call waits in
// fake time, and ends with the request's context.
//
// It behaves like http.Transport with a new connection for each call. Header names arrive in
// canonical form. A compressed answer is decoded if the request did not ask for an encoding. A cut
// connection is an error. A body must be read to its end or closed.
//
// All hosts lead to this server. So a client that follows a redirect to another host shows up in
// Requests(Other).
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	in := incoming(ctx, r)
	if err := t.refusal(r); err != nil {
		cancel()
		_ = in.Body.Close()
		return nil, err
	}
	decode := r.Header.Get("Accept-Encoding") == "" && r.Header.Get("Range") == "" && r.Method != http.MethodHead
	if decode {
		in.Header.Set("Accept-Encoding", "gzip")
	}
	out := &stream{request: r, ctx: ctx, cancel: cancel, header: make(http.Header), result: make(chan result, 1)}
	go out.run(t.server, in)

	select {
	case got := <-out.result:
		if got.err == nil && decode {
			decompress(got.response)
		}
		return got.response, got.err
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

// refusal returns why the call cannot reach the server, or nil.
func (t transport) refusal(r *http.Request) error {
	if r.URL == nil || r.URL.Host == "" {
		return errors.New("coretest: no Host in request URL")
	}
	for name, values := range r.Header {
		if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
			return errors.New("coretest: invalid header field value for " + name)
		}
	}
	if err := context.Cause(r.Context()); err != nil {
		return err
	}
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	if t.server.down {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return nil
}

// incoming returns r in the form in which a server receives it.
func incoming(ctx context.Context, r *http.Request) *http.Request {
	in := r.Clone(ctx)
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RemoteAddr = "127.0.0.1:0"
	if in.Header == nil {
		in.Header = make(http.Header)
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if r.URL != nil {
		in.RequestURI = r.URL.RequestURI()
		if in.Host == "" {
			in.Host = r.URL.Host
		}
	}
	return in
}

// decompress replaces a gzip answer by plain text, as http.Transport does.
func decompress(r *http.Response) {
	if !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		return
	}
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	r.ContentLength = -1
	r.Uncompressed = true
	r.Body = &gunzip{ReadCloser: r.Body}
}

// gunzip decodes while it is read, so a client that reads little of a gzip bomb decodes little of
// it.
type gunzip struct {
	io.ReadCloser
	plain *gzip.Reader
	err   error
}

// Read implements [io.Reader].
func (g *gunzip) Read(p []byte) (int, error) {
	if g.plain == nil && g.err == nil {
		g.plain, g.err = gzip.NewReader(g.ReadCloser)
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.plain.Read(p)
}
