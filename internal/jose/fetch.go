package jose

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

const (
	minLife     = 5 * time.Minute // of keys, before they are asked for again
	maxLife     = keepFor / 2     // so that an outage when they are asked for again does no harm
	defaultLife = time.Hour       // without a max-age

	firstPause = time.Second      // after a failure; doubles up to maxPause
	maxPause   = 25 * time.Second // and up to a fifth more, at random
	maxStay    = 30 * time.Second // of a Retry-After

	maxWaiting = 2048 // callers, for a fetch
)

// fetch is one request for the key document.
type fetch struct {
	asked time.Duration // since the Keeper's epoch
	done  chan struct{} // closed at the end
	err   error         // then a *KeysError, or nil
}

// landed is a fetch that is over, for callers that need not wait.
var landed = func() *fetch {
	done := make(chan struct{})
	close(done)
	return &fetch{done: done}
}()

// begin starts a fetch. The caller holds k.mu.
func (k *Keeper) begin(now time.Duration) *fetch {
	k.fetch = &fetch{asked: now, done: make(chan struct{})}
	k.due.Store(math.MaxInt64)
	go k.run(k.fetch)
	return k.fetch
}

// wait returns when the fetch is over or ctx ends. Tokens of any content come here, so the number
// of those that wait is bounded.
func (k *Keeper) wait(ctx context.Context, f *fetch) error {
	defer k.waiting.Add(-1)
	if k.waiting.Add(1) > maxWaiting {
		return &KeysError{URL: k.shown, Err: ErrCrowded}
	}
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return &KeysError{URL: k.shown, Err: context.Cause(ctx)}
	}
}

// run does the fetch. It has no context of a caller: its values belong to a request. A transport
// that panics or ignores the end of the context is contained by the flight.
func (k *Keeper) run(f *fetch) {
	set, _, err := k.flights.Do(context.Background(), struct{}{}, time.Time{},
		func(ctx context.Context, sent func()) (*keySet, error) {
			sent()
			return k.read(ctx)
		})
	if err == nil {
		set.asked = f.asked
		k.succeed(f, set)
		return
	}
	failed, ok := errors.AsType[*KeysError](err)
	if !ok {
		failed = &KeysError{URL: k.shown, Err: err}
	}
	k.fail(f, failed)
}

// read gets the document and reads it. Its errors are of type *KeysError.
func (k *Keeper) read(ctx context.Context) (*keySet, error) {
	accept := "application/jwk-set+json, application/json"
	if k.single {
		accept = "application/json"
	}
	res, err := k.client.Get(ctx, accept)
	if err != nil {
		return nil, &KeysError{URL: k.shown, Err: err}
	}
	failed := &KeysError{URL: k.shown, Status: res.Status}
	if res.Status != http.StatusOK {
		failed.RetryAfter = endpoint.RetryAfter(res.Header, time.Now(), maxStay)
		return nil, failed
	}
	set := &keySet{single: k.single, life: defaultLife}
	if set.keys, failed.Err = parseKeys(res.Body, k.single); failed.Err != nil {
		return nil, failed
	}
	if age, ok := endpoint.MaxAge(res.Header); ok {
		set.life = min(max(age, minLife), maxLife)
	}
	return set, nil
}

// succeed ends a fetch that got keys.
func (k *Keeper) succeed(f *fetch, set *keySet) {
	k.mu.Lock()
	tell := k.told
	k.fetch, k.failures, k.failed, k.retryAt = nil, 0, nil, 0
	k.told, k.toldEmpty = false, false
	k.set.Store(set)
	k.due.Store(int64(set.asked + set.life))
	k.mu.Unlock()
	close(f.done)
	if tell {
		k.log.LogAttrs(context.Background(), slog.LevelInfo, "the keys of the authorization server can be read again",
			slog.String("url", k.shown), slog.Int("keys", len(set.keys)))
	}
}

// fail ends a fetch that got no keys. The old ones stay, and are due again after a pause: a failure
// does not cost tokens with a new key five minutes.
func (k *Keeper) fail(f *fetch, failed *KeysError) {
	k.mu.Lock()
	pause := min(firstPause<<min(k.failures, 10), maxPause)
	pause = max(pause+rand.N(pause/5), failed.RetryAfter)
	failed = failed.after(pause)
	k.failures++
	k.fetch, k.failed, k.retryAt = nil, failed, time.Since(k.epoch)+pause
	k.due.Store(int64(k.retryAt))
	empty := errors.Is(failed, errUnusable)
	tell := !k.told || empty && !k.toldEmpty
	k.told, k.toldEmpty = true, k.toldEmpty || empty
	kept := k.set.Load() != nil
	k.mu.Unlock()
	f.err = failed
	close(f.done)
	if tell {
		k.log.LogAttrs(context.Background(), slog.LevelWarn, "the keys of the authorization server cannot be read",
			slog.String("url", k.shown), slog.String("error", failed.Error()), slog.Bool("older_keys", kept))
	}
}
