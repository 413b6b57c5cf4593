package jose

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/flight"
)

const (
	maxDocument    = 256 << 10       // bytes of a key document
	keepFor        = 24 * time.Hour  // how long keys are used after they were last got
	refetchEvery   = 5 * time.Minute // at most, because of tokens whose key is not known
	defaultTimeout = 5 * time.Second
)

// Options configure a Keeper.
type Options struct {
	URL       string            // of the key document; checked by endpoint.CheckURL
	Transport http.RoundTripper // nil means the default of package endpoint
	Timeout   time.Duration     // of one fetch; zero means 5 s
	Log       *slog.Logger      // nil means slog.Default()
	Single    bool              // the document is one JWK and not a JWK Set; a kid does not matter
}

// Keeper holds the keys of one authorization server, and gets them when they are needed. It is safe
// for concurrent use. See the package documentation for when it fetches.
type Keeper struct {
	client  *endpoint.Client
	shown   string // the URL, for errors and the log
	single  bool
	log     *slog.Logger
	epoch   time.Time
	flights flight.Group[struct{}, *keySet]

	set atomic.Pointer[keySet] // nil until there is one
	due atomic.Int64           // when the set is to be asked for again, since epoch

	waiting atomic.Int64 // callers, for a fetch

	mu        sync.Mutex // the state of fetching; not held while verifying, nor during a fetch
	fetch     *fetch     // under way, or nil
	failures  int        // since the last good fetch
	failed    *KeysError // the last one, if failures > 0
	retryAt   time.Duration
	refetchAt time.Duration
	told      bool // the log knows that fetching fails
	toldEmpty bool // and that the document has no usable key
}

// NewKeeper returns a Keeper without keys. It does no I/O.
func NewKeeper(o Options) *Keeper {
	k := &Keeper{
		client: endpoint.New(endpoint.Options{URL: o.URL, Transport: o.Transport, MaxBody: maxDocument}),
		single: o.Single,
		log:    contain.Logger(o.Log),
		epoch:  time.Now(),
	}
	if u, err := url.Parse(o.URL); err == nil {
		k.shown = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	}
	k.flights.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	return k
}

// Ready returns nil if there are keys, which it gets if necessary. Its error is a [KeysError].
func (k *Keeper) Ready(ctx context.Context) error {
	_, err := k.current(ctx)
	return err
}

// Verify checks the signature of a token in compact serialization, which must use one of the
// algorithms. It checks nothing else: the caller decides about the claims. The error is one of the
// sentinels of this package, for errors.Is. After [ErrNoKeys] it is not known whether the token is
// good.
func (k *Keeper) Verify(ctx context.Context, compact string, algorithms []string) (*Verified, error) {
	t, err := parse(compact, algorithms)
	if err != nil {
		return nil, err
	}
	came := time.Since(k.epoch)
	set, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	for {
		payload, err := set.verify(t)
		if err == nil {
			return &Verified{Header: t.Header, Payload: payload}, nil
		}
		if set.asked >= came || !set.mayBeOld(t, err) {
			return nil, err
		}
		newer, failed := k.newer(ctx, set)
		if failed != nil {
			return nil, failed
		}
		if newer == set {
			return nil, err
		}
		set = newer
	}
}

// current returns the keys to use. It waits for a fetch only if there are none, or none that were
// got within keepFor.
func (k *Keeper) current(ctx context.Context) (*keySet, error) {
	for {
		now, set := time.Since(k.epoch), k.set.Load()
		if set != nil && now-set.asked < keepFor {
			if int64(now) >= k.due.Load() {
				k.refresh(now)
			}
			return set, nil
		}
		f, err := k.join(now, set)
		if err != nil {
			return nil, err
		}
		if err := k.wait(ctx, f); err != nil {
			return nil, err
		}
	}
}

// refresh begins a fetch that no caller waits for.
func (k *Keeper) refresh(now time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fetch == nil && int64(now) >= k.due.Load() {
		k.begin(now)
	}
}

// join returns the fetch that replaces old, which a caller must wait for.
func (k *Keeper) join(now time.Duration, old *keySet) (*fetch, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.set.Load() != old:
		return landed, nil
	case k.fetch != nil:
		return k.fetch, nil
	case now < k.retryAt:
		return nil, k.failed.after(k.retryAt - now)
	}
	return k.begin(now), nil
}

// newer returns keys that are newer than old, for a token that old does not verify, or old itself
// if they must not be asked for now.
func (k *Keeper) newer(ctx context.Context, old *keySet) (*keySet, error) {
	f, err := k.joinForced(old)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return old, nil
	}
	if err := k.wait(ctx, f); err != nil {
		return nil, err
	}
	return k.set.Load(), nil
}

// joinForced is join for a token that old does not verify. Tokens of any content come here, so it
// begins a fetch once in refetchEvery, and else returns nil.
func (k *Keeper) joinForced(old *keySet) (*fetch, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Since(k.epoch)
	switch {
	case k.set.Load() != old:
		return landed, nil
	case k.fetch != nil:
		return k.fetch, nil
	case now < k.retryAt:
		return nil, k.failed.after(k.retryAt - now)
	case now < k.refetchAt:
		return nil, nil
	}
	k.refetchAt = now + refetchEvery
	return k.begin(now), nil
}
