package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	// patience is how long the job retries a message that was certainly not accepted.
	patience     = 2 * time.Minute
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 5 * time.Second
)

// admit waits until a message may be sent. It returns false if ctx has ended. Until a first message
// is accepted, messages are sent one after the other. So a mistake in the configuration concerns
// one message only, and not one per worker.
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

// deliver sends a message until its result is certain, or patience or ctx ends. It does not
// interrupt an attempt.
func (j *job) deliver(ctx context.Context, number int, body []byte) result {
	begun := time.Now()
	for try := 0; ; try++ {
		r := j.sender.send(context.WithoutCancel(ctx), body)
		if r.verdict == hopeless && j.arrived.Load() {
			r.verdict = later // it worked before, so this will pass
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

// consider stops the job if the result of one message concerns all.
func (j *job) consider(number int, r result) {
	if r.verdict != doubt {
		j.doubts.Store(0)
	}
	switch {
	case r.verdict == done:
		j.arrived.Store(true)
	case r.verdict == hopeless:
		const hint = "check -app, PUSH_URL, and the client's secret and allowed scope"
		j.stop(&halt{exitUsage, fmt.Errorf("line %d: %s: %s", number, r.reason, hint)})
	case r.verdict != doubt:
	case r.foreign && !j.arrived.Load():
		j.stop(&halt{exitUsage, fmt.Errorf("line %d: %s, as no push service does: check PUSH_URL", number, r.reason)})
	case !j.arrived.Load():
		j.stop(&halt{exitTryAgain, fmt.Errorf("line %d: %s: stopped, so that there are no more of them", number, r.reason)})
	case j.doubts.Add(1) > int64(j.workers):
		// A server that goes down may lose one message per worker. More of them in a row have
		// another cause.
		j.stop(&halt{exitTryAgain, errors.New("too many unknown outcomes in a row: stopped, so that there are no more of them")})
	}
}

// backoff doubles with each try, and is random so that workers do not retry at the same time.
func backoff(try int) time.Duration {
	d := min(firstBackoff<<min(try, 10), maxBackoff)
	return d/2 + rand.N(d/2)
}
