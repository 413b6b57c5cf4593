package tokensource

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/oauth"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// decode reads an answer (RFC 6749 sections 5.1 and 5.2). The lifetime counts from before the
// request was sent.
func (g *clientCredentials) decode(res *endpoint.Response, scope string) (Token, error) {
	fail := &EndpointError{Endpoint: "token", URL: g.url, Status: res.Status}
	answer, err := strictjson.Parse(res.Body)
	if err == nil {
		fail.Code = ErrorCode(oauth.ErrorCode(answer))
	}
	if res.Status != http.StatusOK || fail.Code != "" {
		fail.RetryAfter = endpoint.RetryAfter(res.Header, time.Now(), maxRetryAfter)
		fail.Hint = g.hint(fail, scope)
		return Token{}, fail
	}
	if err != nil {
		fail.Err = err
		return Token{}, fail
	}
	t, err := readToken(answer, res.Sent, scope)
	if missing := missingScope(t.Scope, scope); err == nil && g.complete && missing != "" {
		err = fmt.Errorf("the granted scope lacks %s: extend the client's allowed scope", missing)
	}
	if err != nil {
		fail.Err = err
		return Token{}, fail
	}
	return t, nil
}

func readToken(answer strictjson.Object, sent time.Time, scope string) (Token, error) {
	access, _, err := answer.String("access_token")
	if err != nil {
		return Token{}, err
	}
	if !headerSafe(access) {
		return Token{}, errors.New(`member "access_token" is missing, empty, or has characters that no header can carry`)
	}
	kind, _, err := answer.String("token_type")
	if err != nil {
		return Token{}, err
	}
	if !strings.EqualFold(kind, "Bearer") {
		return Token{}, errors.New(`member "token_type" is missing or not Bearer`)
	}
	life, err := lifetime(answer)
	if err != nil {
		return Token{}, err
	}
	granted, _, err := answer.String("scope")
	if err != nil {
		return Token{}, err
	}
	return Token{AccessToken: Secret(access), Scope: cmp.Or(strings.Join(strings.Fields(granted), " "), scope), ExpiresAt: sent.Add(life)}, nil
}

// lifetime reads expires_in, in seconds. Some servers send it as a string. The value is rounded
// down to whole seconds and limited to a day. Less than one second is an error, because each
// request would need a new token.
func lifetime(answer strictjson.Object) (time.Duration, error) {
	seconds, present, err := answer.NumberOrString("expires_in")
	switch {
	case err != nil:
		return 0, err
	case !present:
		return defaultLifetime, nil
	case seconds < 1:
		return 0, errors.New(`member "expires_in" is less than one second`)
	}
	return time.Duration(min(math.Floor(seconds), maxLifetime.Seconds())) * time.Second, nil
}

// hint returns what the operator should check.
func (g *clientCredentials) hint(e *EndpointError, scope string) string {
	switch {
	case e.Code == ErrInvalidScope || e.Code == "scope_invalid":
		return fmt.Sprintf("the client's allowed scope does not cover %q", scope)
	case e.Code == ErrInvalidClient, e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		return "the client id or " + g.name + " is wrong" + g.also
	case e.Code == ErrUnauthorizedClient, e.Code == ErrUnsupportedGrantType:
		return "the client may not use the grant client_credentials: allow it at the server"
	case e.Code == "" && e.Status == http.StatusBadRequest:
		return "it gives no reason: check the client id and " + g.name
	case e.Status == http.StatusNotFound:
		return "nothing is served there: check the URL, which for MobileFirst 8.0 ends in /api/az/v1/token"
	case e.Status >= 300 && e.Status < 400:
		return "it redirects, and redirects are not followed: use the URL that it redirects to"
	}
	return ""
}

// headerSafe reports whether s can be sent as a bearer token: visible ASCII without blanks.
func headerSafe(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return s != ""
}
