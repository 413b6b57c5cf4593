package coretest

import (
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Always is the count for [Server.Inject] that stands for every call until [Server.Clear].
const Always = 0

// Fault is something that goes wrong with a call. It answers in place of the server, or calls next for the proper answer
// and changes that. It must return when the request's context ends, which happens when the client leaves and when the
// server goes down or is closed. Panicking with http.ErrAbortHandler cuts the connection.
//
// The request's PostForm is already filled; a Fault that reads the Body of a call that is no form puts it back before it
// calls next. A Fault is called by several goroutines at once if it is injected for several calls.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// scripted is faults waiting for their calls.
type scripted struct {
	left   int // Always or how many calls are still to come
	faults []Fault
}

// Inject makes the next n calls of e meet the given faults, or all calls if n is [Always]. Several faults wrap one another,
// the first one outermost: Inject(e, 1, Delay(d), Status(503)) is a 503 that comes late. Faults of separate Inject calls
// are met one after the other. It panics if n is negative.
func (s *Server) Inject(e Endpoint, n int, faults ...Fault) {
	if n < 0 {
		panic("coretest: Inject: n is negative")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[e] = append(s.faults[e], scripted{n, slices.Clone(faults)})
}

// Clear takes back every fault of e that no call has met yet.
func (s *Server) Clear(e Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[e] = nil
}

// nextFaults takes the faults for one call of e. The caller holds mu.
func (s *Server) nextFaults(e Endpoint) []Fault {
	queue := s.faults[e]
	if len(queue) == 0 {
		return nil
	}
	faults := queue[0].faults
	switch queue[0].left {
	case Always:
	case 1:
		s.faults[e] = queue[1:]
	default:
		queue[0].left--
	}
	return faults
}

// chain wraps h in faults.
func chain(faults []Fault, h http.Handler) http.Handler {
	for _, fault := range slices.Backward(faults) {
		next := h
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fault(w, r, next) })
	}
	return h
}

// Hang never answers: the call ends when the client leaves, or the server goes down or is closed.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Delay waits before it passes the call on.
func Delay(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}

// Reset resets the connection instead of answering. The client's error matches syscall.ECONNRESET if the connection is
// plain TCP or [Server.Transport].
func Reset() Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if t, ok := conn.(*tls.Conn); ok {
			conn = t.NetConn() // a close_notify would be a polite end
		}
		if t, ok := conn.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
		_ = conn.Close()
	}
}

// LoseAnswer lets the call take effect and resets the connection instead of answering, so that its client cannot know.
func LoseAnswer() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		overhear(next, r)
		Reset()(w, r, nil)
	}
}

// Truncate announces the proper answer in full and cuts the connection after half of the body.
func Truncate() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := overhear(next, r)
		a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
		a.send(w, a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
