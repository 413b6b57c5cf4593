package interop_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// The operator is told once that oidc-provider introspects no JWT, which it answers with 400
// unsupported_token_type. Its other tokens are not affected. IN-96
func TestServerThatCannotIntrospectItsJWTs(t *testing.T) {
	s := theProvider()
	profile, c := config(s, service)
	signed, signedConfig := signedProfile(t, s, signedClients()[0])
	for _, tt := range []struct {
		name    string
		profile core.RFC7662Config
		config  core.Config
	}{{"plain answers", profile, c}, {"signed answers", signed, signedConfig}} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			tt.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
			v := newVerifier(t, tt.profile, tt.config)
			for range 3 {
				res, _ := request(t, v, read, s.mint(t, service, "read", jwtAudience))
				if res.StatusCode != http.StatusUnauthorized || challenge(res) != invalid {
					t.Errorf("the guard answers %d with %q", res.StatusCode, challenge(res))
				}
			}
			wantStatus(t, v, read, s.mint(t, service, "read", audience), http.StatusOK)
			if n := strings.Count(log.String(), "unsupported_token_type"); n != 1 {
				t.Errorf("the operator is told %d times, want once:\n%s", n, &log)
			}
		})
	}
}

// estate is a guard of three servers: MobileFirst 8 is the default, and the issuers of JWTs are
// oidc-provider and zitadel.
type estate struct {
	*core.Verifier
	mfp                          *coretest.Server
	provider                     *server
	zitadel                      *zitadel
	toMFP, toProvider, toZitadel *counter
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{mfp: coretest.NewServer(), provider: theProvider(), zitadel: newZitadel(t)}
	t.Cleanup(e.mfp.Close)
	e.zitadel.storage.jwts.Store(true)
	e.toMFP = &counter{}
	mfp, err := core.New(core.Config{Profile: core.MobileFirst8(e.mfp.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: e.toMFP, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	provider, toProvider := newGuard(t, e.provider)
	zitadel, toZitadel := newGuard(t, e.zitadel.server)
	e.toProvider, e.toZitadel = toProvider, toZitadel
	if e.Verifier, err = core.Several(core.Default(mfp), core.Issuer(e.provider.issuer, provider), core.Issuer(e.zitadel.issuer, zitadel)); err != nil {
		t.Fatal(err)
	}
	return e
}

// want fails the test unless each server was asked about so many tokens so far.
func (e *estate) want(t *testing.T, mfp, provider, zitadel int) {
	t.Helper()
	e.toMFP.want(t, e.mfp.EndpointURL(coretest.MobileFirst8, coretest.Introspection), mfp)
	e.toProvider.want(t, e.provider.introspection, provider)
	e.toZitadel.want(t, e.zitadel.introspection, zitadel)
}

// A token goes to the server that its issuer names, or else to the default, and to no second one.
// SV-09
func TestSeveralServers(t *testing.T) {
	e := newEstate(t)
	token := e.zitadel.mint(t, service, "openid read", "")
	res, p := request(t, e.Verifier, read, token)
	if res.StatusCode != http.StatusOK || p.Subject() != service.ID {
		t.Errorf("the guard answers %d, for %q", res.StatusCode, p.Subject())
	}
	e.want(t, 0, 0, 1)
	wantStatus(t, e.Verifier, read, e.mfp.Mint(coretest.Grant{Scope: "read"}), http.StatusOK)
	e.want(t, 1, 0, 1)
	wantStatus(t, e.Verifier, read, e.provider.mint(t, service, "read", jwtAudience), http.StatusUnauthorized) // it introspects no JWT
	e.want(t, 1, 1, 1)
	wantStatus(t, e.Verifier, read, e.provider.mint(t, service, "read", ""), http.StatusUnauthorized) // opaque: to the default
	e.want(t, 2, 1, 1)

	e.ForgetToken(token)
	wantStatus(t, e.Verifier, read, token, http.StatusOK)
	e.want(t, 2, 1, 2)
}

// oidc-provider serves opaque tokens as the default. SV-09
func TestOpaqueTokensGoToTheDefault(t *testing.T) {
	e := newEstate(t)
	provider, calls := newGuard(t, e.provider)
	zitadel, _ := newGuard(t, e.zitadel.server)
	v, err := core.Several(core.Default(provider), core.Issuer(e.zitadel.issuer, zitadel))
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, v, read, e.provider.mint(t, service, "read", ""), http.StatusOK)
	wantStatus(t, v, read, e.zitadel.mint(t, service, "read", ""), http.StatusOK)
	calls.want(t, e.provider.introspection, 2) // Ready's question is one
}

// The users of one server do not notice the trouble of another. SV-09
func TestFaultsOfOneServer(t *testing.T) {
	e := newEstate(t)
	for name, fault := range map[string]coretest.Fault{
		"503": coretest.Status(503), "reset": coretest.Reset(), "HTML": coretest.HTML(200), "hang": coretest.Hang(),
	} {
		t.Run(name, func(t *testing.T) {
			e.mfp.Inject(coretest.Introspection, coretest.Always, fault)
			defer e.mfp.Clear(coretest.Introspection)
			trouble := make(chan int, 1)
			go func() {
				res, _ := request(t, e.Verifier, read, e.mfp.Mint(coretest.Grant{Scope: "read"}))
				trouble <- res.StatusCode
			}()
			for range 10 {
				wantStatus(t, e.Verifier, read, e.zitadel.mint(t, service, "read", ""), http.StatusOK)
			}
			if status := <-trouble; status != http.StatusServiceUnavailable {
				t.Errorf("the guard answers %d, want 503", status)
			}
		})
	}
	if err := e.Ready(t.Context()); err != nil {
		t.Errorf("the trouble is over, and the guard is not ready: %v", err)
	}
}

// A server that is gone is not replaced by another one, and only its own users notice. SV-09
func TestOneServerIsGone(t *testing.T) {
	e := newEstate(t)
	token := e.zitadel.mint(t, service, "read", "")
	e.zitadel.stop()
	for range 3 {
		wantStatus(t, e.Verifier, read, token, http.StatusServiceUnavailable)
		wantStatus(t, e.Verifier, read, e.mfp.Mint(coretest.Grant{Scope: "read"}), http.StatusOK)
	}
	e.toMFP.want(t, e.mfp.EndpointURL(coretest.MobileFirst8, coretest.Introspection), 3)
	e.toProvider.want(t, e.provider.introspection, 0)
	if err := e.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), e.zitadel.issuer) {
		t.Errorf("not ready because %v, want the server that is gone", err)
	}
}
