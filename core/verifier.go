package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/core/internal/introspect"
	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/memcache"
)

// Verifier asks one authorization server about tokens and remembers what it said. Make one with
// [New] for each server, and one of them all with [Several]. Share it between all routes, and keep
// it for the life of the program: it is safe for concurrent use and needs no closing. Each route
// has its [Guard].
type Verifier struct {
	profile      Profile
	cache        caching
	clock        *clock
	introspector asker
	lookout      *introspect.Lookout
	keys         *keyer
	maxToken     int
	skew         time.Duration
	log          *slog.Logger
	trace        hooks
	warnings     warnings

	timeout    time.Duration
	remembered origin                 // of answers that were remembered
	asked      atomic.Pointer[origin] // of answers that were asked for; a new one after each Forget

	servers *servers // of Several; then there is nothing else
}

// asker finds out what a server says about tokens: an introspect.Introspector asks it, an
// introspect.Offline checks their signatures.
type asker interface {
	Introspect(ctx context.Context, q introspect.Question) (*introspect.Introspection, error)
	Stats() admission.Stats
	URL() string
}

// check returns an error for a Verifier that neither New nor Several has made.
func (v *Verifier) check() error {
	switch {
	case v == nil:
		return errors.New("core: the Verifier is nil: check the error of core.New")
	case v.profile.server == nil && v.servers == nil:
		return errors.New("core: the Verifier is the zero one: make it with core.New")
	}
	return nil
}

// Ready proves that tokens can be checked. It asks the server about a token that cannot exist, and
// so needs the right URL, good credentials, and the permission to introspect. The error says which
// of them is wrong. Call it at start-up to fail early, or from a readiness probe: it is bounded,
// backs off like any other call, and stops no calls for tokens, however it ends. The Verifier works
// without it.
//
// If a server of another kind seems to be there, the error says what was seen and which profile
// fits. To find out, Ready may send a few requests to other paths of the same host, without
// credentials and once a minute at most.
func (v *Verifier) Ready(ctx context.Context) error {
	if err := v.check(); err != nil {
		return err
	}
	if v.servers != nil {
		return v.servers.ready(ctx)
	}
	return v.ready(ctx, "")
}

// ready is Ready of one server. Errors call it by name.
func (v *Verifier) ready(ctx context.Context, name string) error {
	// A flight of its own: a caller that leaves early must not look like a server that does not
	// answer.
	err := v.cache.ready(ctx, v.readyKey())
	switch {
	case err == nil, errors.Is(err, ErrConflict):
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("core: not ready: %sno answer from %s in time: %w", name, v.introspector.URL(), err)
	}
	return fmt.Errorf("core: not ready: %s%w%s", name, err, v.lookout.Look(ctx, err))
}

// readyKey is the key of the flights of Ready. No token has it.
func (v *Verifier) readyKey() memcache.Key { return v.keys.key("\x00" + introspect.Probe) }
