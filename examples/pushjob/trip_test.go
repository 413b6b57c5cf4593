package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"syscall"
	"testing"
)

// An attempt below the token: whether it got a connection, and what came of it.
type attempt struct {
	connected bool
	status    int
	err       error
}

// RoundTrip implements http.RoundTripper.
func (a attempt) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.connected {
		httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	}
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: http.NoBody}, nil
}

func TestTripIsOpenWhileTheMessageMayHaveArrived(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	reset := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	for _, row := range []struct {
		name     string
		attempts []attempt
		open     bool
	}{
		{"no attempt, for want of a token", nil, false},
		{"nobody listens", []attempt{{false, 0, refused}}, false},
		{"the handshake fails", []attempt{{false, 0, errors.New("tls: handshake failure")}}, false},
		{"an idle connection was dead, and nobody listens any more", []attempt{{true, 0, refused}}, false},
		{"the connection breaks", []attempt{{true, 0, reset}}, true},
		{"refused", []attempt{{true, 401, nil}}, false},
		{"refused, and nobody listens any more", []attempt{{true, 401, nil}, {false, 0, refused}}, false},
		{"refused, and then the handshake fails", []attempt{{true, 401, nil}, {false, 0, errors.New("tls: handshake failure")}}, false},
		{"refused, and then the connection breaks", []attempt{{true, 401, nil}, {true, 0, reset}}, true},
		{"failed inside", []attempt{{true, 500, nil}}, true},
		{"accepted", []attempt{{true, 202, nil}}, true},
	} {
		var way trip
		r, err := http.NewRequestWithContext(way.watch(t.Context()), http.MethodPost, "https://mfp.invalid/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range row.attempts {
			if res, err := (&watched{a}).RoundTrip(r); err == nil {
				res.Body.Close()
			}
		}
		if got := way.open.Load(); got != row.open {
			t.Errorf("%s: open is %v, want %v", row.name, got, row.open)
		}
	}
}

func TestRequestThatNobodyFollowsIsNotSent(t *testing.T) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://mfp.invalid/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := (&watched{attempt{true, 202, nil}}).RoundTrip(r); err == nil {
		res.Body.Close()
		t.Error("it was sent, and nobody could say whether it arrived")
	}
}
