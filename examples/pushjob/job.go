package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// job sends the lines of one input.
type job struct {
	app          string
	sender       *sender
	report       *report
	console      *console
	workers      int
	retryUnknown bool
	patience     time.Duration

	stop    context.CancelCauseFunc // with a *halt
	lines   chan todo
	read    atomic.Bool   // the input, to its end
	dropped atomic.Bool   // a line, because the job stops
	scout   chan struct{} // has room for the one message that may be on its way while arrived is false
	arrived atomic.Bool   // a message of this run was accepted
	doubts  atomic.Int64  // in a row
	tally   tally
}

// todo is a line to send, and its entry in the report.
type todo struct {
	line  line
	entry entry
}

// run sends the lines of in until all are done, ctx ends, or the job must stop. It returns nil if
// every line is accepted, errIncomplete if some are not, and a *halt if the job stopped before its
// end.
func (j *job) run(ctx context.Context, in io.Reader) error {
	ctx, j.stop = context.WithCancelCause(ctx)
	defer j.stop(nil)
	j.lines = make(chan todo)
	j.scout = make(chan struct{}, 1)
	go j.feed(ctx, in)

	var pool sync.WaitGroup
	for range j.workers {
		pool.Go(func() { j.work(ctx) })
	}
	pool.Wait()
	j.console.clear()
	if h, ok := errors.AsType[*halt](context.Cause(ctx)); ok {
		return h
	}
	switch {
	case !j.read.Load() || j.dropped.Load() || j.tally.count(unsent) > 0:
		return &halt{exitTryAgain, errors.New("stopped before the end: run it again to go on")}
	case j.tally.count(rejected)+j.tally.count(unknown) > 0:
		return errIncomplete
	}
	return nil
}

// feed reads the input. A read may block, so run does not wait for feed once ctx has ended. feed
// compares the lines with the report in their order, so that it notices a different input before it
// sends a later line.
func (j *job) feed(ctx context.Context, in io.Reader) {
	err := readLines(in, func(l line) bool {
		if ctx.Err() != nil {
			return false
		}
		e := entry{Line: l.number, Hash: j.hash(l)}
		if j.settled(e) {
			return ctx.Err() == nil
		}
		select {
		case j.lines <- todo{l, e}:
			return true
		case <-ctx.Done():
			return false
		}
	})
	if err != nil {
		j.stop(&halt{exitTryAgain, fmt.Errorf("-in: %w", err)})
	}
	j.read.Store(err == nil && ctx.Err() == nil)
	close(j.lines)
}

func (j *job) work(ctx context.Context) {
	for {
		select {
		case what, more := <-j.lines:
			if !more {
				return
			}
			if ctx.Err() != nil {
				j.dropped.Store(true)
				return
			}
			j.handle(ctx, what.line, what.entry)
		case <-ctx.Done():
			return
		}
	}
}

// handle deals with one line.
func (j *job) handle(ctx context.Context, l line, e entry) {
	body, err := encode(l.text)
	if l.tooLong {
		err = fmt.Errorf("it is longer than %d bytes", maxLine)
	}
	if err != nil {
		e.Outcome, e.Reason = rejected, err.Error()
		j.note(e)
		return
	}
	leave, ok := j.admit(ctx)
	if !ok {
		j.dropped.Store(true)
		return
	}
	defer leave()
	// From here on the message may arrive. If the job is killed now, the report must say unknown.
	e.Outcome, e.Reason = unknown, "being sent"
	if err := j.report.add(e); err != nil {
		j.stop(&halt{exitTryAgain, fmt.Errorf("-report: %w", err)})
		return
	}
	r := j.deliver(ctx, l.number, body)
	e.Outcome, e.Reason, e.MessageID = outcomes[r.verdict], r.reason, r.id
	j.note(e)
}

// outcomes maps the verdict on the last attempt to the outcome in the report.
var outcomes = map[verdict]outcome{done: accepted, wrong: rejected, doubt: unknown, later: unsent, hopeless: unsent}

// hash identifies the app and the line, so that a different input is noticed.
func (j *job) hash(l line) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s", j.app, l.text)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// settled reports whether an earlier run has finished a line.
func (j *job) settled(e entry) bool {
	before, ok := j.report.known[e.Line]
	if !ok || before.Outcome == rejected || before.Outcome == unsent {
		return false
	}
	if before.Hash != e.Hash {
		j.stop(&halt{exitUsage, fmt.Errorf("-report is about another app or input: line %d is not what was sent", e.Line)})
		return true
	}
	if before.Outcome == unknown && j.retryUnknown {
		return false
	}
	j.tally.add(before.Outcome, true)
	j.console.show(j.tally.String())
	return true
}

// note reports the outcome of a line.
func (j *job) note(e entry) {
	if err := j.report.add(e); err != nil {
		j.stop(&halt{exitTryAgain, fmt.Errorf("-report: %w", err)})
	}
	if e.Outcome != accepted {
		j.console.say("line %d: %s: %s", e.Line, e.Outcome, e.Reason)
	}
	j.tally.add(e.Outcome, false)
	j.console.show(j.tally.String())
}
