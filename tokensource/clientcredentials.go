package tokensource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/internal/clientauth"
	"github.com/mfpguard/mfpguard/internal/formpost"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// ClientAuth is how a confidential client's id and secret travel (RFC 6749 section 2.3.1).
type ClientAuth string

// The ways of client authentication. The two Basic ones differ as soon as the id or the secret has a character that a form
// escapes, such as $ @ + / % : = or a blank.
const (
	// BasicRaw sends base64(id:secret) as it is. MobileFirst 8.0 wants this.
	BasicRaw = ClientAuth(clientauth.BasicRaw)
	// Basic form-encodes both halves first, as RFC 6749 says.
	Basic = ClientAuth(clientauth.Basic)
	// Post sends client_id and client_secret in the form.
	Post = ClientAuth(clientauth.Post)
)

// Config describes a confidential client and the token that it asks for. Only TokenURL, ClientID and a secret are needed.
type Config struct {
	// TokenURL is the token endpoint, for MobileFirst 8.0 https://host:port/<runtime>/api/az/v1/token.
	TokenURL string
	// ClientID and ClientSecret are the client's credentials.
	ClientID     string
	ClientSecret Secret
	// ClientSecretFunc, instead of ClientSecret, is asked for the secret before each fetch, so that a rotated secret is
	// picked up without a restart. It must be safe for concurrent use and return within Timeout.
	ClientSecretFunc func(context.Context) (Secret, error)
	// ClientAuth is how they are sent. Zero means BasicRaw.
	ClientAuth ClientAuth
	// Scope is the space-separated list of scope elements to ask for. Zero sends no scope parameter: MobileFirst grants
	// RegisteredClient then.
	Scope string
	// Timeout bounds one fetch, its retry included. Zero means 5s.
	Timeout time.Duration
	// Transport carries the requests. Nil means a transport of our own with TLS 1.2 or later and proxies from the
	// environment. Redirects are never followed, whatever it is.
	Transport http.RoundTripper
	// InsecureHTTP allows an http:// TokenURL to a host that is not loopback, and lets Source.Transport send the token to
	// such hosts. The secret and the tokens can be read by anybody on the way: only for a network that nobody else is on.
	InsecureHTTP bool
	// Logger gets failed fetches (Warn, or Error when our credentials were refused) and renewals (Debug). Nil means none.
	Logger *slog.Logger
	// Renewed is called after each fetch, good or bad, for metrics. It must be safe for concurrent use and return soon. Nil
	// means that nobody wants to know.
	Renewed func(Renewal)
}

const (
	defaultLifetime = 5 * time.Minute // of a token without expires_in; a refusal ends it earlier
	maxLifetime     = 24 * time.Hour  // of any token
	maxRetryAfter   = time.Minute
)

// New returns a Source for the client credentials grant (RFC 6749 section 4.4). It checks c and does no I/O: the first token
// is fetched when somebody asks for it, so a program starts while the server is down.
func New(c Config) (*Source, error) {
	c.ClientAuth = cmp.Or(c.ClientAuth, BasicRaw)
	u, err := c.check()
	if err != nil {
		return nil, err
	}
	u.RawQuery = ""
	g := &clientCredentials{
		url:  u.String(),
		post: formpost.New(formpost.Options{URL: c.TokenURL, Transport: c.Transport}),
		client: clientauth.Client{ID: c.ClientID, Style: clientauth.Style(c.ClientAuth), Secret: func(ctx context.Context) (string, error) {
			if c.ClientSecretFunc == nil {
				return string(c.ClientSecret), nil
			}
			s, err := c.ClientSecretFunc(ctx)
			return string(s), err
		}},
	}
	family := &family{sources: map[string]*Source{}}
	family.create = func(scope string) *Source {
		s := Func(func(ctx context.Context) (Token, error) { return g.fetch(ctx, scope) })
		s.timeout = cmp.Or(c.Timeout, defaultTimeout)
		s.scope, s.family, s.insecure, s.renewed = scope, family, c.InsecureHTTP, c.Renewed
		if c.Logger != nil {
			s.log = c.Logger
		}
		return s
	}
	return family.member(c.Scope), nil
}

// check returns the first mistake in c, naming the field and the fix.
func (c Config) check() (*url.URL, error) {
	style := clientauth.Style(c.ClientAuth)
	if err := style.CheckID(c.ClientID); err != nil {
		return nil, fmt.Errorf("tokensource: Config.ClientID %w", err)
	}
	switch {
	case c.ClientSecret != "" && c.ClientSecretFunc != nil:
		return nil, errors.New("tokensource: Config.ClientSecret and Config.ClientSecretFunc are both set: choose one")
	case c.ClientSecretFunc == nil:
		if err := style.CheckSecret(string(c.ClientSecret)); err != nil {
			return nil, fmt.Errorf("tokensource: Config.ClientSecret %w", err)
		}
	}
	if err := CheckScope(c.Scope); err != nil {
		return nil, fmt.Errorf("tokensource: Config.Scope %w", err)
	}
	if c.Timeout < 0 {
		return nil, fmt.Errorf("tokensource: Config.Timeout is %v, want >= 0", c.Timeout)
	}
	if err := formpost.CheckTransport(c.Transport); err != nil {
		return nil, fmt.Errorf("tokensource: Config.Transport %w", err)
	}
	u, err := formpost.CheckURL(c.TokenURL, c.InsecureHTTP)
	if err != nil {
		return nil, fmt.Errorf("tokensource: Config.TokenURL %w", err)
	}
	return u, nil
}

// CheckScope says why scope is not a space-separated list of scope tokens (RFC 6749 section 3.3). An empty list is fine.
func CheckScope(scope string) error {
	for i := range len(scope) {
		if c := scope[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return fmt.Errorf("has the character %q, which a scope cannot have (RFC 6749 section 3.3)", c)
		}
	}
	return nil
}

// clientCredentials asks one token endpoint.
type clientCredentials struct {
	url    string // for errors
	post   *formpost.Client
	client clientauth.Client
}

func (g *clientCredentials) fetch(ctx context.Context, scope string) (Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	header := http.Header{}
	if err := g.client.Apply(ctx, header, form); err != nil {
		return Token{}, &EndpointError{Endpoint: "token", URL: g.url, Err: err}
	}
	begun := time.Now()
	res, err := g.post.Post(ctx, header, form)
	if err != nil {
		return Token{}, &EndpointError{Endpoint: "token", URL: g.url, Err: err}
	}
	t, err := g.decode(res, begun, scope)
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// decode reads an answer (RFC 6749 sections 5.1 and 5.2). The lifetime counts from begun, before the request was sent.
func (g *clientCredentials) decode(res *formpost.Response, begun time.Time, scope string) (Token, error) {
	fail := &EndpointError{Endpoint: "token", URL: g.url, Status: res.Status}
	answer, err := strictjson.Parse(res.Body)
	if err == nil {
		fail.Code = errorCode(answer)
	}
	if res.Status != http.StatusOK || fail.Code != "" {
		fail.RetryAfter = formpost.RetryAfter(res.Header, time.Now(), maxRetryAfter)
		fail.Hint = hint(fail, scope)
		return Token{}, fail
	}
	if err != nil {
		fail.Err = err
		return Token{}, fail
	}
	t, err := readToken(answer, begun, scope)
	if err != nil {
		fail.Err = err
		return Token{}, fail
	}
	return t, nil
}

func readToken(answer strictjson.Object, begun time.Time, scope string) (Token, error) {
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
	granted, _, err := answer.OptionalString("scope")
	if err != nil {
		return Token{}, err
	}
	if missing := lacking(granted, scope); missing != "" {
		return Token{}, fmt.Errorf("the granted scope lacks %s: extend the client's allowed scope", missing)
	}
	return Token{AccessToken: Secret(access), Scope: cmp.Or(strings.Join(strings.Fields(granted), " "), scope), ExpiresAt: begun.Add(life)}, nil
}

// lifetime reads expires_in, in seconds. Some servers send a string; the value is cut to whole seconds and to a day. Zero
// and less is an error: such a token must not be asked for again and again.
func lifetime(answer strictjson.Object) (time.Duration, error) {
	seconds, present, err := answer.Number("expires_in")
	if text, isText, _ := answer.String("expires_in"); isText {
		present = true
		seconds, err = strconv.ParseFloat(text, 64)
		if err != nil || strings.Trim(text, "-.0123456789") != "" { // ParseFloat takes NaN and 0x1p-2 too
			return 0, errors.New(`member "expires_in" is a string and not a number`)
		}
	}
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

// lacking returns the elements of asked that granted does not have, quoted. A server that names no scope granted all
// (decided for this project: several leave it out).
func lacking(granted, asked string) string {
	have := strings.Fields(granted)
	if len(have) == 0 {
		return ""
	}
	var missing []string
	for _, want := range strings.Fields(asked) {
		found := false
		for _, h := range have {
			found = found || h == want
		}
		if !found {
			missing = append(missing, strconv.Quote(want))
		}
	}
	return strings.Join(missing, ", ")
}

// errorCode reads the error of an answer: RFC 6749's, or MobileFirst's errorCode. What does not look like a code is
// dropped, because it might be anything, our secret included.
func errorCode(answer strictjson.Object) ErrorCode {
	if id, _, err := answer.String("errorCode"); err == nil && id == "INVALID_CLIENT_ID" {
		return ErrInvalidClient
	}
	code, present, err := answer.String("error")
	if !present && err == nil {
		return ""
	}
	if err != nil || code == "" || len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "unknown_error"
	}
	return ErrorCode(code)
}

// hint says what to look at.
func hint(e *EndpointError, scope string) string {
	switch {
	case e.Code == ErrInvalidScope || e.Code == "scope_invalid":
		return fmt.Sprintf("the client's allowed scope does not cover %q", scope)
	case e.Code == ErrInvalidClient, e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		return "the client id or secret is wrong"
	case e.Code == "" && e.Status == http.StatusBadRequest:
		return "it gives no reason: check the client id and secret"
	case e.Status == http.StatusNotFound:
		return "nothing is served there: check the URL"
	case e.Status >= 300 && e.Status < 400:
		return "it redirects, and redirects are not followed: use the URL that it redirects to"
	}
	return ""
}

// headerSafe says whether s can be sent as a bearer token: visible ASCII, no blank.
func headerSafe(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return s != ""
}
