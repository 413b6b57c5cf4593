package core_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// A69, IN-34, IN-95, BT-54, BCP-05, CC-46: whatever happens, no token, no secret and no personal data is logged, traced, returned
// in an error, or answered.
func TestNothingLeaks(t *testing.T) {
	for name, fault := range faults {
		for _, endpoint := range []coretest.Endpoint{coretest.Token, coretest.Introspection} {
			t.Run(fmt.Sprintf("%s: %s", endpoint, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var w watcher
					srv := coretest.New()
					srv.SetClient(coretest.Client{ID: "rs1", Secret: canarySecret, AllowedScope: "*"})
					v := mobileFirst(t, srv, w.watch, func(c *core.Config) { c.ClientID, c.ClientSecret = "rs1", canarySecret })
					good := srv.Mint(coretest.Grant{
						Scope: "a", User: &coretest.User{ID: canaryUser, DisplayName: canaryUser}, Device: &coretest.Device{ID: canaryUser, DisplayName: canaryUser},
						Checks: map[string]any{canaryUser: canaryUser},
					})
					srv.SetAnswer(canaryToken, `{"active":true,"scope":"a","username":"`+canaryUser+`","mfp-user":{"id":"`+canaryUser+`"}}`)
					srv.Inject(endpoint, coretest.Always, fault)
					for _, tok := range []string{canaryToken, canaryToken + ".", good, canaryToken + " x", canaryToken + ", Bearer " + canaryToken} {
						for _, need := range []core.Requirement{core.AllOf("a"), core.AllOf("b"), core.Authenticated().MaxAge(0).Optional()} {
							ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
							_, d := authorize(ctx, v, bearer(tok), need)
							cancel()
							w.denial(d)
						}
					}
					_, d := authorize(t.Context(), v, []string{"Basic " + canaryToken, "Bearer " + canaryToken}, core.AllOf("a"))
					w.denial(d)
					v.ForgetToken(canaryToken)
					w.note(v.Ready(t.Context()))
					time.Sleep(time.Minute)
					own := ""
					for _, r := range srv.Requests(coretest.Introspection) {
						own = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
					}
					var also []string
					if own != "" {
						also = append(also, own)
					}
					w.check(t, append(also, good)...)
				})
			})
		}
	}
}

// BCP-07: the caller's token goes to the introspection endpoint and nowhere else; who got a Principal cannot pass it on.
func TestTokenGoesNowhereElse(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	tok := srv.Mint(coretest.Grant{User: &coretest.User{ID: "alice"}})
	p, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
	if d != nil {
		t.Fatal(d.Cause)
	}
	b, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprintf("%s %v %+v %#v", b, p, p, core.NewContext(t.Context(), p)), tok) {
		t.Error("the Principal shows the token")
	}
	for _, r := range append(srv.Requests(coretest.Token), srv.Requests(coretest.Other)...) {
		if strings.Contains(fmt.Sprint(r), tok) {
			t.Errorf("the token went to %s", r.Path)
		}
	}
	for _, r := range srv.Requests(coretest.Introspection) {
		if r.Query != "" || strings.Contains(fmt.Sprint(r.Header), tok) || r.Form.Get("token") != tok {
			t.Errorf("the token is not in the form alone: %+v", r)
		}
	}
}

// The same for what only a real transport does: texts of net/http that quote the peer's bytes, which may be ours.
func TestNothingLeaksOnTheWire(t *testing.T) {
	long := canaryToken + "." + strings.Repeat("abcdefgh12345678", 60)
	for name, format := range map[string]string{
		"status line":       "%s\r\n\r\n",
		"status code":       "HTTP/1.1 %s\r\n\r\n",
		"reason":            "HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n",
		"header line":       "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"header name":       "HTTP/1.1 200 OK\r\n%s : x\r\n\r\n",
		"length":            "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"chunk":             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"location":          "HTTP/1.1 302 Found\r\nLocation: ://%s\r\nContent-Length: 0\r\n\r\n",
		"encoding":          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n%s",
		"body":              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n%s",
	} {
		for part, cut := range map[string]func(string) string{
			"whole": func(s string) string { return s },
			"half":  func(s string) string { return s[:len(s)/2] },
		} {
			for what, secret := range map[string]string{"the token": long, "the secret": canarySecret} {
				t.Run(name+" with "+part+" of "+what, func(t *testing.T) {
					addr := listen(t, func(c net.Conn) {
						r, err := http.ReadRequest(bufio.NewReader(c))
						if err != nil {
							return
						}
						io.Copy(io.Discard, r.Body)
						fmt.Fprintf(c, format, cut(secret))
					})
					var w watcher
					v := at(t, addr, w.watch, func(c *core.Config) {
						c.ClientID, c.ClientSecret = "rs1", canarySecret
						c.Timeout = 10 * time.Second
					})
					_, d := authorize(t.Context(), v, bearer(long), core.Authenticated())
					if outcome(d) != "503" {
						t.Errorf("got %s", outcome(d))
					}
					w.denial(d)
					w.check(t, "secret-c", "token-can", "abcdefgh12345678")
				})
			}
		}
	}
}

// A user's own transport and token source may fail with what they like.
func TestNothingLeaksFromUsersFunctions(t *testing.T) {
	var w watcher
	v := rfc7662(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		return nil, fmt.Errorf("cannot send %s with %s", b, r.Header.Get("Authorization"))
	}), w.watch, func(c *core.Config) { c.ClientID, c.ClientSecret = "rs1", canarySecret })
	_, d := authorize(t.Context(), v, bearer(canaryToken), core.Authenticated())
	w.denial(d)

	v = rfc7662(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "write", Err: fmt.Errorf("cannot send %s", r.Header.Get("Authorization"))}
	}), w.watch, withProfile(core.RFC7662(core.RFC7662Config{
		IntrospectionURL: "https://as.invalid/introspect", AnyAudience: true, TokenSource: tokensource.Static(canaryOwn),
	})), func(c *core.Config) { c.ClientID, c.ClientSecret = "", "" })
	_, d = authorize(t.Context(), v, bearer(canaryToken), core.Authenticated())
	w.denial(d)
	w.check(t)
}

// IN-77, A71: what a dump of the process's structures prints does not show a secret either.
func TestConfigIsDiscreet(t *testing.T) {
	var w watcher
	c := core.Config{Profile: core.MobileFirst8(base), ClientID: "rs1", ClientSecret: canarySecret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&w, verb, c)
		fmt.Fprintf(&w, verb, &c)
	}
	slog.New(slog.NewTextHandler(&w, nil)).Info("x", "config", c)
	w.check(t)
}
