package main

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// A backend is an authorization server on a socket behind a proxy. We use the default transport.
type backend struct {
	proxy    *proxy
	delay    atomic.Int64 // nanoseconds before an answer
	verifier *core.Verifier
	close    func()
}

func newBackend(s settings, http2 bool) (*backend, error) {
	b := &backend{}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = linger(r.Context(), time.Duration(b.delay.Load()))
		answerCall(w, r)
	})}
	l, scheme, err := listen(http2, server)
	if err != nil {
		return nil, err
	}
	if b.proxy, err = newProxy(l.Addr().String()); err != nil {
		return nil, err
	}
	b.close = func() {
		b.proxy.close()
		_ = server.Close()
	}
	b.verifier, err = verifier(nil, func(c *core.Config) {
		c.Profile = core.MobileFirst8(scheme + b.proxy.address() + "/mfp/api")
		c.MaxInFlight = 2 * inFlight // half of them are enough for one connection for each of 64 users
		c.Timeout = of(s, 0, 3*time.Second)
	})
	return b, err
}

// warm has that many users ask at once. With HTTP/1 each uses a connection of its own.
func (b *backend) warm(users int) error {
	b.delay.Store(int64(200 * time.Millisecond))
	defer b.delay.Store(0)
	var t tally
	share(users, users, func(worker, _ int) { t.check(b.verifier, numbered(goodToken, worker, opaqueSize), requirement) })
	if t.of(http.StatusOK) != users {
		return fmt.Errorf("%d of %d users got in while the connections lived", t.of(http.StatusOK), users)
	}
	time.Sleep(moment) // until the connections are back in the pool
	return nil
}

// recovery is what users saw after the connections died.
type recovery struct {
	refused, all int
	last         time.Duration // when the last refusal was received
	good         bool          // whether it was followed by good answers
}

// outlive sends a few new users a second. More would use up the dead connections sooner.
func (b *backend) outlive(s settings, d time.Duration) recovery {
	begun := time.Now()
	var mu sync.Mutex
	var r recovery
	var answered time.Duration // when the last user with a good answer came
	var t tally
	pace(of(s, 4., 20), d, func(i int) {
		at := time.Since(begun)
		status := t.check(b.verifier, numbered(newToken, i, opaqueSize), requirement)
		mu.Lock()
		defer mu.Unlock()
		if status == http.StatusOK {
			answered = max(answered, at)
		} else {
			r.last = max(r.last, at)
		}
	})
	r.refused, r.all, r.good = t.of(unavailable), t.all(), answered > r.last
	return r
}

func measureDeadConnections(s settings) ([]target, error) {
	found := make([]target, 3)
	errs := make([]error, 3)
	together(
		func() {
			found[0], errs[0] = measureSilence(s, true, 1, "the HTTP/2 connection to the server goes silent")
		},
		func() {
			found[1], errs[1] = measureSilence(s, false, inFlight, "64 pooled HTTP/1.1 connections go silent")
		},
		func() { found[2], errs[2] = measureStale(s) },
	)
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func measureSilence(s settings, http2 bool, users int, what string) (target, error) {
	const limit = 10 * time.Second
	b, err := newBackend(s, http2)
	if err != nil {
		return target{}, err
	}
	defer b.close()
	if err := b.warm(users); err != nil {
		return target{}, err
	}
	if got := b.proxy.kill(false); got < users {
		return target{}, fmt.Errorf("%s: there were %d connections, want at least %d", what, got, users)
	}
	window := of(s, 20*time.Second, 500*time.Millisecond)
	r := b.outlive(s, window)
	t := target{what: what + ": until all users who come get in again", want: "≤ 10 s", reached: r.good && r.last <= limit}
	t.found = fmt.Sprintf("%.1f s, %d of %d refused", r.last.Seconds(), r.refused, r.all)
	if !r.good {
		t.found = fmt.Sprintf("not in %v, %d of %d refused", window, r.refused, r.all)
	}
	return t, nil
}

// measureStale has 64 users meet 64 idle connections that are reset on use. That happens when the
// node of the server was replaced.
func measureStale(s settings) (target, error) {
	b, err := newBackend(s, false)
	if err != nil {
		return target{}, err
	}
	defer b.close()
	if err := b.warm(inFlight); err != nil {
		return target{}, err
	}
	if got := b.proxy.kill(true); got < inFlight {
		return target{}, fmt.Errorf("there were %d connections, want at least %d", got, inFlight)
	}
	var t tally
	share(inFlight, inFlight, func(worker, _ int) { t.check(b.verifier, numbered(newToken, worker, opaqueSize), requirement) })
	return target{
		what:    "64 stale keep-alive connections are reset on use, 64 users at once: let in",
		found:   fmt.Sprintf("%d of %d", t.of(http.StatusOK), inFlight),
		want:    "all",
		reached: t.of(http.StatusOK) == inFlight,
	}, nil
}
