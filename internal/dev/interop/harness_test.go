package interop_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/tokensource"
)

// counter is a transport that counts the requests to each URL.
type counter struct {
	mu    sync.Mutex
	calls map[string]int
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[r.URL.String()]++
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// want fails the test unless url was asked n times so far.
func (c *counter) want(t *testing.T, url string, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.calls[url]; got != n {
		t.Errorf("%s was asked %d times, want %d", url, got, n)
	}
}

// config is a guard of s that accepts tokens for anybody.
func config(s *server, c client) (core.RFC7662Config, core.Config) {
	return core.RFC7662Config{IntrospectionURL: s.introspection, AnyAudience: true},
		core.Config{ClientID: c.ID, ClientSecret: tokensource.Secret(c.Secret)}
}

func newVerifier(t *testing.T, profile core.RFC7662Config, c core.Config) *core.Verifier {
	t.Helper()
	c.Profile = core.RFC7662(profile)
	v, err := core.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newGuard is a guard with the service's own credentials, and what counts its requests.
func newGuard(t *testing.T, s *server) (*core.Verifier, *counter) {
	t.Helper()
	calls := &counter{}
	profile, c := config(s, service)
	c.Transport = calls
	return newVerifier(t, profile, c), calls
}

// request sends a request with a token, "" for none, to a handler behind v.
func request(t *testing.T, v *core.Verifier, need core.Requirement, token string) (*http.Response, core.Principal) {
	t.Helper()
	var p core.Principal
	h := httpguard.Require(v, need)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ = core.FromContext(r.Context())
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), p
}

// challenge is what the answer carries under exactly the name that MobileFirst clients look for, which net/http's own
// spelling is not.
func challenge(res *http.Response) string {
	//lint:ignore SA1008 the spelling is the point
	return strings.Join(res.Header["WWW-Authenticate"], " | ")
}

// wantStatus fails the test unless the guard answers a request with status.
func wantStatus(t *testing.T, v *core.Verifier, need core.Requirement, token string, status int) {
	t.Helper()
	if res, _ := request(t, v, need, token); res.StatusCode != status {
		t.Errorf("the guard answers %d, want %d", res.StatusCode, status)
	}
}
