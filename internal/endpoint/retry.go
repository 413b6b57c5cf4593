package endpoint

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const maxJitter = 200 * time.Millisecond // before a failed call is repeated

// Post is [Client.Once] with one repetition, after a short pause, of a call whose failure is
// [Transient], while the Client's own [Budget] lasts. If the repetition cannot be authenticated,
// the first failure stands.
func (c *Client) Post(ctx context.Context, form url.Values, auth Credentials) (*Response, error) {
	res, err := c.counted(ctx, form, auth)
	if !repeatable(res, err) || ctx.Err() != nil || !c.budget.Spend() {
		return res, err
	}
	pause := time.NewTimer(rand.N(maxJitter))
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return res, err
	case <-pause.C:
	}
	second, failed := c.counted(ctx, form, auth)
	if _, unsent := errors.AsType[*AuthError](failed); unsent {
		return res, err
	}
	return second, failed
}

// counted is Once, and a good answer is counted.
func (c *Client) counted(ctx context.Context, form url.Values, auth Credentials) (*Response, error) {
	res, err := c.Once(ctx, form, auth)
	if good(res, err) {
		c.budget.Earn()
	}
	return res, err
}

// repeatable is Transient for what Once returned.
func repeatable(res *Response, err error) bool {
	if err != nil {
		return Transient(0, false, err)
	}
	return Transient(res.Status, res.Header.Get("Retry-After") != "", nil)
}

// Transient reports whether a second call may help after one that ended with status, or with err
// if status is 0: the endpoint was not reached, its answer was cut short, or it failed. An
// endpoint that names a time with Retry-After is not asked before.
func Transient(status int, retryAfter bool, err error) bool {
	switch status {
	case 0:
		_, unsent := errors.AsType[*AuthError](err)
		return !unsent && !errors.Is(err, ErrTooLarge) && !errors.Is(err, errWantsTLS) && !errors.Is(err, context.Canceled)
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return !retryAfter
	}
	return false
}

// good reports whether the endpoint did its work, whatever its answer says.
func good(res *Response, err error) bool {
	return err == nil && res.Status < 500 && res.Status != http.StatusTooManyRequests
}

// RetryAfter reads a Retry-After field (RFC 9110 section 10.2.3) in either form. It returns limit
// for a longer time, and zero if the field is absent, not valid or in the past.
func RetryAfter(h http.Header, now time.Time, limit time.Duration) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseUint(value, 10, 64)
		if err != nil || seconds >= uint64(limit/time.Second) { // an error means more than 64 bits
			return limit
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), limit)
}
