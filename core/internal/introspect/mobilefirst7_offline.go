package introspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/internal/admission"
	"github.com/mfpguard/mfpguard/internal/jose"
	"github.com/mfpguard/mfpguard/internal/strictjson"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Offline checks the tokens of MobileFirst 7.x here, with the server's public key, as IBM's own
// filters for other servers do. It takes the place of the [Introspector].
//
// What it finds is written as the online validation would answer it, so that both ways are read by
// the same code.
type Offline struct {
	server     *MobileFirst7
	anyIDToken bool
	keys       *jose.Keeper
	checking   atomic.Int64
}

// NewOffline returns the Offline of a server. It does no I/O. Of c it needs Transport, Timeout and
// Log. An ID token must be of the same issuer as its access token and for the same audience, unless
// anyIDToken.
func NewOffline(s *MobileFirst7, anyIDToken bool, c Config) *Offline {
	return &Offline{
		server: s, anyIDToken: anyIDToken,
		keys: jose.NewKeeper(jose.Options{URL: s.KeyURL(), Transport: c.Transport, Timeout: c.Timeout, Log: c.Log, Single: true}),
	}
}

// URL is where the public key is.
func (o *Offline) URL() string { return o.server.KeyURL() }

// Stats returns how many tokens are being checked.
func (o *Offline) Stats() admission.Stats { return admission.Stats{InFlight: int(o.checking.Load())} }

// offlineAlgorithms is what MobileFirst 7.x signs with.
var offlineAlgorithms = []string{jose.RS256}

// Introspect returns what the token says about itself, if its signature is good. An error says that
// there is no key to check it with.
func (o *Offline) Introspect(ctx context.Context, q Question) (*Introspection, error) {
	q.Sent()
	o.checking.Add(1)
	defer o.checking.Add(-1)
	if q.IsProbe {
		if err := o.keys.Ready(ctx); err != nil {
			return nil, o.noKey(err)
		}
		return &Introspection{}, nil
	}
	access, id, two := cutID(q.Credentials)
	a, err := o.claims(ctx, access)
	if err != nil {
		return inactiveUnless(err)
	}
	var user idClaims
	if two {
		i, err := o.claims(ctx, id)
		if err != nil {
			return inactiveUnless(err)
		}
		if user, err = o.identity(a, i); err != nil {
			return inactiveUnless(err)
		}
	}
	return o.facts(a, user, time.Now())
}

// errBadToken marks what is wrong with a token.
var errBadToken = errors.New("the token is not valid")

// inactiveUnless returns the inactive answer for a bad token, and the error of anything else.
func inactiveUnless(err error) (*Introspection, error) {
	if errors.Is(err, errBadToken) {
		return &Introspection{}, nil
	}
	return nil, err
}

// noKey is the error of a check that had no key. The address of the key is made from the base, so
// the hint is about that.
func (o *Offline) noKey(err error) error {
	if errors.Is(err, jose.ErrCrowded) {
		return fmt.Errorf("%w: %w", ErrNotAdmitted, err)
	}
	err = keysError(err)
	if e, ok := errors.AsType[*tokensource.EndpointError](err); ok && e.Status == http.StatusNotFound {
		e.Hint = o.server.hint(e.Status)
	}
	return err
}

// claims returns what a token with a good signature says.
func (o *Offline) claims(ctx context.Context, compact string) (strictjson.Object, error) {
	signed, err := o.keys.Verify(ctx, compact, offlineAlgorithms)
	if errors.Is(err, jose.ErrNoKeys) {
		return strictjson.Object{}, o.noKey(err)
	}
	if err != nil {
		return strictjson.Object{}, errBadToken
	}
	claims, err := strictjson.ParseLenient(signed.Payload)
	if err != nil {
		return strictjson.Object{}, errBadToken
	}
	return claims, nil
}

// facts writes what the tokens say as an answer of the online validation, and reads it.
func (o *Offline) facts(access strictjson.Object, id idClaims, now time.Time) (*Introspection, error) {
	principal, _, err := access.String("prn")
	expires, failed := expiry(access)
	if err != nil || failed != nil || principal == "" {
		return &Introspection{}, nil
	}
	r, ok := realmsOf(access, Instant(now.UnixMilli()))
	if !ok {
		return &Introspection{}, nil
	}
	answer := map[string]any{
		"active": true, "scope": strings.Join(r.names, " "), userID: principal, securityContext: struct{}{},
	}
	if id.given {
		answer[userID], answer[securityContext], expires = id.user, id.context, min(expires, id.expires)
	}
	if r.mandatory != 0 {
		expires = min(expires, r.mandatory)
	}
	answer["exp"] = int64(expires) / 1000
	for _, name := range []string{"iss", "sub", "aud", "iat", "nbf"} {
		if raw, ok, err := access.Raw(name); ok && err == nil {
			answer[name] = raw
		}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return &Introspection{}, nil // raw members were read before, so this cannot be
	}
	in, err := Decode(o.server, body)
	if err != nil {
		return &Introspection{}, nil // a claim has another type than it must have
	}
	if r.until != 0 {
		in.keepFor(r.until.Time().Sub(now))
	}
	return in, nil
}
