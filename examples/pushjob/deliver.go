package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// patience is how long a message is tried that was certainly not accepted.
	patience     = 2 * time.Minute
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 5 * time.Second
)

// admit waits until a message may be sent; it may not if ctx has ended. Until one has been accepted they go one by one: what
// is wrong from the start is then wrong for one message and not for as many as there are workers.
func (j *job) admit(ctx context.Context) (leave func(), ok bool) {
	if !j.arrived.Load() {
		select {
		case j.scout <- struct{}{}:
			leave = func() { <-j.scout }
		case <-ctx.Done():
			return nil, false
		}
		if !j.arrived.Load() && ctx.Err() == nil {
			return leave, true
		}
		leave()
	}
	return func() {}, ctx.Err() == nil
}

// deliver sends a message until something is certain, or patience or ctx ends. It breaks no attempt off.
func (j *job) deliver(ctx context.Context, number int, body []byte) result {
	begun := time.Now()
	for try := 0; ; try++ {
		r := j.sender.send(context.WithoutCancel(ctx), body)
		if r.verdict == hopeless && j.arrived.Load() {
			r.verdict = later // it worked before, so the servers are being restarted, or somebody is at it
		}
		if r.verdict != later {
			j.consider(number, r)
			return r
		}
		pause := max(r.wait, backoff(try))
		if time.Since(begun)+pause > j.patience {
			j.stop(&halt{exitTryAgain, fmt.Errorf("line %d: %s: gave up, run it again to go on", number, r.reason)})
			return r
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return r
		}
	}
}

// consider draws conclusions for the whole job from what is certain about one message.
func (j *job) consider(number int, r result) {
	if r.verdict != doubt {
		j.doubts.Store(0)
	}
	switch {
	case r.verdict == done:
		j.arrived.Store(true)
	case r.verdict == hopeless:
		const hint = "check -app, MFPGUARD_PUSH_URL, and the client's secret and allowed scope"
		j.stop(&halt{exitUsage, fmt.Errorf("line %d: %s: %s", number, r.reason, hint)})
	case r.verdict != doubt:
	case r.foreign && !j.arrived.Load():
		j.stop(&halt{exitUsage, fmt.Errorf("line %d: %s, as no push service does: check MFPGUARD_PUSH_URL", number, r.reason)})
	case !j.arrived.Load():
		j.stop(&halt{exitTryAgain, fmt.Errorf("line %d: %s: stopped, so that there are no more of them", number, r.reason)})
	case j.doubts.Add(1) > int64(j.workers):
		// When a server goes down, one message each may be lost with the connections. More in a row are a pattern.
		j.stop(&halt{exitTryAgain, errors.New("too many unknown outcomes in a row: stopped, so that there are no more of them")})
	}
}

// backoff doubles, and spreads workers that failed together.
func backoff(try int) time.Duration {
	d := min(firstBackoff<<min(try, 10), maxBackoff)
	return d/2 + rand.N(d/2)
}
