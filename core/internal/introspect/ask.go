package introspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/tokensource"
)

// ask sends the question. A panic on the way, in a Transport or a ClientSecretFunc of the program,
// is an error like any other.
func (i *Introspector) ask(ctx context.Context, credentials string, sent func()) (in *Introspection, err error) {
	returned := i.panics.Call(func() {
		growStack()
		in, err = i.authenticated(ctx, credentials, sent)
	})
	if !returned {
		return nil, i.fail(0, errPanic)
	}
	return in, err
}

// authenticated sends the question, and once more with a fresh token of our own if the server
// refuses the one we had.
func (i *Introspector) authenticated(ctx context.Context, credentials string, sent func()) (*Introspection, error) {
	in, used, err := i.once(ctx, credentials, sent)
	if i.clientToken == nil || used.AccessToken == "" || !i.clientRejected(err) {
		return in, err
	}
	// It may be the user's token that is refused, so all others go on with ours meanwhile.
	if fresh, failed := i.clientToken.Renew(ctx, used); failed != nil || fresh.AccessToken == used.AccessToken {
		return in, err // there is no better one
	}
	in, _, err = i.once(ctx, credentials, sent)
	return in, err
}

// once is one POST, authenticated in the one way of the server.
func (i *Introspector) once(ctx context.Context, credentials string, sent func()) (in *Introspection, used tokensource.Token, err error) {
	auth := i.client
	if i.clientToken != nil {
		if used, err = i.clientToken.Token(ctx); err != nil {
			return nil, used, i.annotate(err)
		}
		auth = clientauth.Bearer(used.AccessToken)
	}
	var begun time.Time
	res, err := i.post.Once(ctx, i.server.question(credentials), clientauth.MethodFunc(func(ctx context.Context, header http.Header, form url.Values) error {
		if err := auth.Apply(ctx, header, form); err != nil {
			return err
		}
		if begun.IsZero() { // the first attempt
			begun = time.Now()
			sent()
		}
		return nil
	}))
	if failed, ok := errors.AsType[*endpoint.AuthError](err); ok {
		return nil, used, failed.Err
	}
	if err != nil {
		if ctx.Err() != nil && time.Since(begun) < i.enough {
			err = fmt.Errorf("%w: %w", errNoTime, err)
		}
		return nil, used, i.fail(0, err)
	}
	in, err = i.read(ctx, res)
	return in, used, err
}

// read takes an answer for what the server says that it means.
func (i *Introspector) read(ctx context.Context, res *endpoint.Response) (*Introspection, error) {
	r, err := i.server.read(ctx, res, i.verifier)
	switch {
	case err == ErrConflict:
		return nil, err
	case err == errStatus:
		e := i.fail(res.Status, recognised(i.server, res))
		e.Code = errorCode(res.Body)
		e.RetryAfter = endpoint.RetryAfter(res.Header, time.Now(), maxRetryAfter)
		return nil, e
	case isKeysError(err):
		return nil, err
	case err != nil:
		return nil, i.fail(res.Status, err)
	}
	r.left.log(i.log)
	if r.notes != "" && i.noted.CompareAndSwap(false, true) {
		i.log.Warn(r.notes)
	}
	return r.in, nil
}

// growStack makes room for the call at once. A new stack is small; it would be copied three
// times on the way down, each time with more frames on it. A caller that waits for a slot keeps
// a small stack.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}
