package introspect

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
)

// call asks once, if the gate lets it in. It reports whether the call is to be repeated, the first
// time.
func (i *Introspector) call(ctx context.Context, q Question, first bool) (in *Introspection, again bool, err error) {
	pass, err := i.admit(ctx, q)
	if err != nil {
		return nil, false, err
	}
	var outcome admission.Outcome
	defer func() { pass.Done(outcome) }()
	in, err = i.ask(pass.Context(), q.Credentials, q.Sent)
	if cause := context.Cause(pass.Context()); err != nil && (cause == admission.ErrOvertaken || cause == admission.ErrGaveWay) {
		return nil, false, i.fail(0, cause)
	}
	result := i.classify(err)
	if result.Evidence == admission.Answered {
		i.budget.Earn()
		result.Good = in != nil && in.Active
	}
	if !q.IsProbe {
		i.remember(result, err)
		if first || result.Evidence == admission.Answered || result.StayAway > 0 { // a call that fails twice is one failure
			outcome = result
		}
	}
	return in, first && !q.Background && transient(err) && ctx.Err() == nil && i.budget.Spend(), err
}

// admit waits until the gate lets the call in. A background call does not wait.
func (i *Introspector) admit(ctx context.Context, q Question) (*admission.Pass, error) {
	if q.Background {
		if pass := i.gate.Spare(ctx); pass != nil {
			return pass, nil
		}
		return nil, errNoSpare
	}
	begun := time.Now()
	pass, err := i.gate.Acquire(ctx, q.Known)
	if err != nil {
		open, isOpen := errors.AsType[*admission.CircuitOpenError](err)
		err = i.notAdmitted(err)
		if took := time.Since(begun); !isOpen || open.Queued && took > 0 {
			i.events.Waited(ctx, q.Known, took, err)
		}
		return nil, err
	}
	if pass.Waited() > 0 {
		i.events.Waited(ctx, q.Known, pass.Waited(), nil)
	}
	return pass, nil
}

// backoff waits a moment before a repetition, without a slot. It reports false when ctx ends
// first.
func (i *Introspector) backoff(ctx context.Context) bool {
	timer := time.NewTimer(rand.N(maxJitter))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
