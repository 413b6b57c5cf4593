package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// Ready says which of URL, /api, credentials and scope is wrong, or that the server is.
func TestReady(t *testing.T) {
	for _, tt := range []struct {
		name string
		prep func(*coretest.Server)
		f    func(*coretest.Server, *core.Config)
		want string // "" for ready; else what the error says, from its beginning
		more string // and further on
		is   error
	}{
		{name: "all is well"},
		{name: "a conflict is an answer", prep: func(s *coretest.Server) { s.Conflict(1) }},
		{
			name: "the base lacks /api",
			f:    func(s *coretest.Server, c *core.Config) { c.Profile = core.MobileFirst8(s.URL + "/mfp") },
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/az/v1/token answered 404 ",
			more: "(nothing is served there: the base URL of MobileFirst 8.0 ends in /api, as in https://host:port/<runtime>/api)",
		},
		{
			name: "the runtime has another name",
			f:    func(s *coretest.Server, c *core.Config) { c.Profile = core.MobileFirst8(s.URL + "/worklight/api") },
			want: "core: not ready: token endpoint https://mfp.invalid/worklight/api/az/v1/token answered 404 ",
			more: "(nothing is served there: check the runtime's name in the base URL)",
		},
		{
			name: "the id is unknown",
			f:    func(_ *coretest.Server, c *core.Config) { c.ClientID = "nobody" },
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 400 invalid_client (the client id or secret is wrong)",
			is:   tokensource.ErrInvalidClient,
		},
		{
			name: "the secret is wrong",
			f:    func(_ *coretest.Server, c *core.Config) { c.ClientSecret = "wrong" },
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 400 invalid_client (the client id or secret is wrong)",
			is:   tokensource.ErrInvalidClient,
		},
		{
			name: "the secret is wrong, and the server says 401",
			prep: func(s *coretest.Server) { s.SetVariants(coretest.Variants{ClientError: coretest.UnauthorizedBasic}) },
			f:    func(_ *coretest.Server, c *core.Config) { c.ClientSecret = "wrong" },
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 401 invalid_client (the client id or secret is wrong)",
			is:   tokensource.ErrInvalidClient,
		},
		{
			name: "the secret is wrong, and the server says so in its own way",
			prep: func(s *coretest.Server) { s.SetVariants(coretest.Variants{ClientError: coretest.InvalidClientID}) },
			f:    func(_ *coretest.Server, c *core.Config) { c.ClientSecret = "wrong" },
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 400 invalid_client (the client id or secret is wrong)",
			is:   tokensource.ErrInvalidClient,
		},
		{
			name: "the secret is wrong, and the server says nothing",
			prep: func(s *coretest.Server) { s.SetVariants(coretest.Variants{ClientError: coretest.EmptyBody}) },
			f:    func(_ *coretest.Server, c *core.Config) { c.ClientSecret = "wrong" },
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 400 (", more: "check the client id and secret",
		},
		{
			name: "the client may not introspect",
			prep: func(s *coretest.Server) {
				s.SetClient(coretest.Client{ID: "test", Secret: "test", AllowedScope: "push.*"})
			},
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 400 invalid_scope " +
				`(the client's allowed scope does not cover "authorization.introspect")`,
			is: tokensource.ErrInvalidScope,
		},
		{
			name: "the token is granted without the scope", // CC-21
			prep: func(s *coretest.Server) {
				s.Inject(coretest.Token, coretest.Always, coretest.SetMember("scope", `"RegisteredClient"`))
			},
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 200: " +
				`the granted scope lacks "authorization.introspect": extend the client's allowed scope`,
		},
		{
			name: "the endpoint finds the scope lacking", // MFP-08
			prep: func(s *coretest.Server) { s.Inject(coretest.Introspection, coretest.Always, coretest.Status(403)) },
			want: "core: not ready: introspection endpoint https://mfp.invalid/mfp/api/az/v1/introspection answered 403 " +
				"(the confidential client lacks the scope authorization.introspect)",
		},
		{
			name: "the endpoint refuses every token of ours",
			prep: func(s *coretest.Server) { s.Inject(coretest.Introspection, coretest.Always, coretest.Status(401)) },
			want: "core: not ready: introspection endpoint https://mfp.invalid/mfp/api/az/v1/introspection answered 401 " +
				"(it does not accept our credentials, or our client may not introspect)",
		},
		{
			name: "the endpoint redirects",
			prep: func(s *coretest.Server) {
				s.Inject(coretest.Introspection, coretest.Always, coretest.Redirect(302, "https://evil.invalid/"))
			},
			want: "core: not ready: introspection endpoint https://mfp.invalid/mfp/api/az/v1/introspection answered 302 " +
				"(it redirects, and redirects are not followed: use the URL that it redirects to)",
		},
		{
			name: "a login page answers",
			prep: func(s *coretest.Server) { s.Inject(coretest.Introspection, coretest.Always, coretest.HTML(200)) },
			want: "core: not ready: introspection endpoint https://mfp.invalid/mfp/api/az/v1/introspection answered 200: the answer's Content-Type is not application/json",
		},
		{
			name: "the server is down",
			prep: (*coretest.Server).Down,
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token: ", more: "connection refused",
		},
		{
			name: "the token endpoint hangs",
			prep: func(s *coretest.Server) { s.Inject(coretest.Token, coretest.Always, coretest.Hang()) },
			want: "core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token",
			is:   context.DeadlineExceeded,
		},
		{
			name: "the server hangs",
			prep: func(s *coretest.Server) { s.Inject(coretest.Introspection, coretest.Always, coretest.Hang()) },
			want: "core: not ready: introspection endpoint https://mfp.invalid/mfp/api/az/v1/introspection: context deadline exceeded",
			is:   context.DeadlineExceeded,
		},
		{
			name: "the introspection endpoint of another server", f: func(s *coretest.Server, c *core.Config) {
				c.Profile = core.RFC7662(core.RFC7662Config{IntrospectionURL: s.URL + "/introspect?x=canary", AnyAudience: true})
			},
			want: "core: not ready: introspection endpoint https://mfp.invalid/introspect answered 404 " +
				"(nothing is served there: check the URL of the introspection endpoint)",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := coretest.New()
				if tt.prep != nil {
					tt.prep(srv)
				}
				v := mobileFirst(t, srv, func(c *core.Config) {
					if tt.f != nil {
						tt.f(srv, c)
					}
				})
				err := v.Ready(t.Context())
				if tt.want == "" {
					if err != nil {
						t.Errorf("got %v, want ready", err)
					}
					return
				}
				if err == nil || !strings.HasPrefix(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.more) {
					t.Fatalf("got  %v\nwant %s%s", err, tt.want, tt.more)
				}
				if _, ok := errors.AsType[*core.EndpointError](err); !ok || tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("%v is not %v", err, tt.is)
				}
			})
		})
	}
}

// A probe without patience says nothing about the server, and does not stop the calls for others.
func TestImpatientProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		v := mobileFirst(t, srv)
		tok := srv.Mint(coretest.Grant{})
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Delay(time.Second))
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			err := v.Ready(ctx)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "https://mfp.invalid/mfp/api/az/v1/introspection") {
				t.Errorf("got %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d != nil {
			t.Errorf("got %s: %v", outcome(d), d.Cause)
		}
	})
}

// Each Ready is an introspection of its own; its token is nobody's.
func TestReadyAsksEachTime(t *testing.T) {
	srv := coretest.New()
	v := mobileFirst(t, srv)
	for range 3 {
		if err := v.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := srv.Calls(); got.Introspection != 3 || got.Token != 1 {
		t.Errorf("got %+v, want 3 introspections", got)
	}
	srv.Down()
	if err := v.Ready(t.Context()); err == nil {
		t.Error("ready while the server is down")
	}
}

// CC-60: New asks nobody, so a program starts while the server is down, and works once it is up.
func TestNewAsksNobody(t *testing.T) {
	v := verifier(t, core.Config{
		Profile: core.MobileFirst8("https://mfp.invalid/mfp/api"), ClientID: "a", ClientSecret: "b",
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			t.Error("a request before anybody asked")
			return nil, errors.New("no")
		}),
	})
	if _, err := v.Guard(core.AllOf("read")); err != nil {
		t.Error(err)
	}
}

// An outage fills no log: one line for each call to the server, however many requests suffer from it.
func TestTroubleIsNotLoggedPerRequest(t *testing.T) {
	for name, prep := range map[string]func(*coretest.Server){
		"the server is down":          (*coretest.Server).Down,
		"our credentials are refused": func(s *coretest.Server) { s.DeleteClient("test") },
		"introspection fails": func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b bytes.Buffer
				srv := coretest.New()
				v := mobileFirst(t, srv, func(c *core.Config) { c.Logger = slog.New(slog.NewTextHandler(&b, nil)) })
				prep(srv)
				for i := range 1000 {
					authorize(t.Context(), v, bearer(fmt.Sprint("t", i)), core.Authenticated())
					time.Sleep(10 * time.Millisecond)
				}
				synctest.Wait()
				if n := strings.Count(b.String(), "\n"); n == 0 || n > 12 {
					t.Errorf("%d lines for 1000 requests in 10 seconds:\n%.600s", n, b.String())
				}
			})
		})
	}
}

// What somebody has to mend is logged as an error, what passes by itself as a warning, a refused token as debug only. IN-33, MFP-08.
func TestLogLevels(t *testing.T) {
	for _, tt := range []struct {
		name string
		prep func(*coretest.Server)
		want string
	}{
		{"a refused token", func(*coretest.Server) {}, `level=DEBUG msg="token refused"`},
		{"an outage", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Status(500))
		}, `level=WARN msg="introspection failed"`},
		{"our token refused", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Status(401))
		}, `level=ERROR msg="introspection failed"`},
		{"our scope lacking", func(s *coretest.Server) {
			s.Inject(coretest.Introspection, coretest.Always, coretest.Status(403))
		}, "the confidential client lacks the scope authorization.introspect"},
		{"our credentials refused", func(s *coretest.Server) { s.DeleteClient("test") }, `level=ERROR msg="token fetch failed"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b bytes.Buffer
				srv := coretest.New()
				v := mobileFirst(t, srv, func(c *core.Config) {
					c.Logger = slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
				})
				tt.prep(srv)
				authorize(t.Context(), v, bearer(t1), core.Authenticated())
				if !strings.Contains(b.String(), tt.want) {
					t.Errorf("logged\n%s\nwant %s", b.String(), tt.want)
				}
			})
		})
	}
}
