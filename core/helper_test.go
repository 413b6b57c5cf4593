package core_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
)

// mobileFirst returns a Verifier for srv that needs no socket, changed by the given functions.
func mobileFirst(t testing.TB, srv *coretest.Server, change ...func(*core.Config)) *core.Verifier {
	t.Helper()
	c := core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
	}
	return verifier(t, c, change...)
}

func verifier(t testing.TB, c core.Config, change ...func(*core.Config)) *core.Verifier {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for _, f := range change {
		f(&c)
	}
	v, err := core.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// asker is an introspection endpoint of RFC 7662 without a socket. It answers what answers says about the token, and
// {"active":false} about others.
type asker struct {
	mu      sync.Mutex
	answers map[string]string
	asked   []asked
}

type asked struct {
	url, token, authorization, id string
}

func newAsker() *asker { return &asker{answers: make(map[string]string)} }

func (a *asker) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, asked{r.URL.String(), form.Get("token"), r.Header.Get("Authorization"), form.Get("client_id")})
	answer, ok := a.answers[form.Get("token")]
	if !ok {
		answer = `{"active":false}`
	}
	return response(r, 200, "application/json", answer), nil
}

func (a *asker) set(token, answer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[token] = answer
}

// rfc7662 returns a Verifier that asks a at https://as.invalid/introspect and accepts any audience.
func rfc7662(t testing.TB, rt http.RoundTripper, change ...func(*core.Config)) *core.Verifier {
	t.Helper()
	return verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: "https://as.invalid/introspect", AnyAudience: true}),
		ClientID: "rs1", ClientSecret: "s3cret", Transport: rt,
	}, change...)
}

func withProfile(p core.Profile) func(*core.Config) { return func(c *core.Config) { c.Profile = p } }

func withTTL(active, negative time.Duration) func(*core.Config) {
	return func(c *core.Config) { c.CacheTTL, c.NegativeTTL = &active, &negative }
}

type roundTrip = roundtrip.Func

func response(r *http.Request, status int, contentType, body string) *http.Response {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return &http.Response{
		StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

// authorize decides as a Guard for need does.
func authorize(ctx context.Context, v *core.Verifier, values []string, need core.Requirement) (core.Principal, *core.Denial) {
	g, _ := v.Guard(need) // nil for a requirement that is not valid, which refuses each request
	return g.Authorize(ctx, core.Request{Authorization: values})
}

func bearer(token string) []string { return []string{"Bearer " + token} }

// header returns the values of a Denial's field, whose name must have this spelling.
func header(d *core.Denial, name string) []string {
	var values []string
	for _, f := range d.Header {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return values
}

// outcome is a decision in one line, for tables: "ok", or status and challenge.
func outcome(d *core.Denial) string {
	if d == nil {
		return "ok"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", d.Status, strings.Join(header(d, "WWW-Authenticate"), " | ")))
}

const (
	invalidToken   = `401 Bearer error="invalid_token"`
	invalidRequest = `400 Bearer error="invalid_request"`
	noToken        = `401 Bearer`
)

// accepted is what a test hook needs: an answer that lets the token in with this scope, for an hour from now.
func accepted(scope string) string {
	return fmt.Sprintf(`{"active":true,"scope":%q,"client_id":"c1","sub":"u1","aud":"https://rs.test","iss":"https://as.test","exp":%d}`,
		scope, time.Now().Add(time.Hour).Unix())
}
