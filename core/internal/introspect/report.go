package introspect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/tokensource"
)

// notAdmitted returns the error for a call that was not made.
func (i *Introspector) notAdmitted(cause error) error {
	open, ok := errors.AsType[*admission.CircuitOpenError](cause)
	if !ok {
		return i.fail(0, fmt.Errorf("%w: %w", ErrNotAdmitted, cause))
	}
	const why = "not asked again yet, it failed just now"
	err := i.fail(0, ErrCircuitOpen)
	if last := i.failure.Load(); last != nil {
		*err = *last
		err.Err = ErrCircuitOpen
		if last.Err != nil {
			err.Err = fmt.Errorf("%w: %w", ErrCircuitOpen, last.Err)
		}
	}
	err.Hint = strings.TrimPrefix(err.Hint+"; "+why, "; ")
	err.RetryAfter = open.Wait
	return err
}

// changed logs that the endpoint is left alone, and that it answers again.
func (i *Introspector) changed(c admission.Change) {
	var cause error
	if last := i.failure.Load(); last != nil && c.Open {
		cause = last
	}
	if c.Open {
		i.log.Warn("introspection stopped: the endpoint fails", slog.Int("failures", c.Failures), slog.Duration("asked_again_in", c.Pause))
	} else {
		i.failure.Store(nil) // the next outage has reasons of its own
		i.log.Info("introspection goes on: the endpoint answers", slog.Duration("stopped_for", c.After), slog.Int("refused", c.Refused))
	}
	i.events.Circuit(c, cause)
}

// report logs trouble: one line for each call that was made, a few a second at most above Debug.
// Our own token's source logs its fetches itself; a line for each request that meets its backoff
// would be a flood.
func (i *Introspector) report(ctx context.Context, err error) {
	if err == nil || errors.Is(err, ErrConflict) || errors.Is(err, admission.ErrGaveWay) {
		return
	}
	if e, ok := errors.AsType[*tokensource.EndpointError](err); i.tokenURL != "" && ok && e.Endpoint != introspectionEndpoint {
		return
	}
	level := slog.LevelWarn
	if ClientRejected(err) {
		level = slog.LevelError
	}
	if !i.limit.due() { // strangers must not fill the log
		level = slog.LevelDebug
	}
	i.log.LogAttrs(ctx, level, "introspection failed", slog.Any("error", err))
}
