package coretest

import (
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Always is a count for [Server.Inject]: all calls, until [Server.Clear].
const Always = 0

// Fault is something that goes wrong with a call. It either answers instead of the server, or calls
// next for the server's answer and changes that. It must return when the request's context ends:
// when the client leaves, and when the server goes down or is closed. To cut the connection, panic
// with http.ErrAbortHandler.
//
// The request's PostForm is set. If the call is no form and a Fault reads the Body, it must replace
// the Body before it calls next. A Fault that is injected for several calls may be called by
// several goroutines at once.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// scripted is a list of faults for calls to come.
type scripted struct {
	left   int // Always or how many calls are still to come
	faults []Fault
}

// Inject applies faults to the next n calls of e, or to all calls if n is [Always]. Several faults
// of one Inject wrap each other, the first one outermost: Inject(e, 1, Delay(d), Status(503)) is a
// 503 that comes late. Faults of separate Inject calls apply one after the other. Inject panics if
// n is negative.
func (s *Server) Inject(e Endpoint, n int, faults ...Fault) {
	if n < 0 {
		panic("coretest: Inject: n is negative")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[e] = append(s.faults[e], scripted{n, slices.Clone(faults)})
}

// Clear removes the faults of e that wait for a call.
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

// Hang never answers. The call ends when the client leaves, or when the server goes down or is
// closed.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Delay waits for d before it passes the call on.
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

// Reset resets the connection instead of answering. The client gets an error that matches
// syscall.ECONNRESET, over plain TCP and over [Server.Transport].
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

// LoseAnswer handles the call, but resets the connection instead of answering. The client cannot
// know whether the call took effect.
func LoseAnswer() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		overhear(next, r)
		Reset()(w, r, nil)
	}
}

// Truncate announces the length of the server's answer and cuts the connection after half of the
// body.
func Truncate() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := overhear(next, r)
		a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
		a.send(w, a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
