package interop_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

// discovered is the metadata of s, from the place of OpenID Connect or that of RFC 8414.
func discovered(t *testing.T, s *server, openID bool) *core.Metadata {
	t.Helper()
	m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: s.issuer, OpenID: openID})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// oidc-provider has its metadata in both places, zitadel has them in OpenID Connect's. Only zitadel
// lists how clients authenticate at the introspection endpoint. SV-07, MD-01, MD-03
func TestDiscover(t *testing.T) {
	provider, zitadel := theProvider(), newZitadel(t)
	for _, tt := range []struct {
		server *server
		openID bool
		keys   string
		method string // at the introspection endpoint, "" if there is no list
		signed []string
	}{
		{provider, true, provider.issuer + "/jwks", "", []string{"RS256", "PS256", "ES256", "EdDSA"}},
		{provider, false, provider.issuer + "/jwks", "", []string{"RS256", "PS256", "ES256", "EdDSA"}},
		{zitadel.server, true, zitadel.issuer + "/keys", "client_secret_basic", nil},
	} {
		m := discovered(t, tt.server, tt.openID)
		if m.Issuer != tt.server.issuer || m.IntrospectionURL != tt.server.introspection || m.TokenURL != tt.server.token || m.JWKSURL != tt.keys {
			t.Errorf("%s: the metadata are %+v", tt.server.name, m)
		}
		if (m.IntrospectionAuthMethods == nil) != (tt.method == "") || (tt.method != "" && !slices.Contains(m.IntrospectionAuthMethods, tt.method)) {
			t.Errorf("%s: the ways to authenticate are %q, want %q", tt.server.name, m.IntrospectionAuthMethods, tt.method)
		}
		for _, algorithm := range tt.signed {
			if !slices.Contains(m.IntrospectionAlgs, algorithm) {
				t.Errorf("%s: answers are signed with %q, want %q", tt.server.name, m.IntrospectionAlgs, algorithm)
			}
		}
	}
}

// Endpoints for certificates are on another port, which has to be allowed. SV-07, MT-12, MD-10
func TestDiscoverEndpointsForCertificates(t *testing.T) {
	s := newTLSServer(t)
	config := core.DiscoverConfig{Issuer: s.issuer, CAFile: s.caFile(t), AllowedHosts: []string{s.mtlsHost()}}
	for _, config.OpenID = range []bool{true, false} {
		m, err := core.Discover(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if m.IntrospectionURL != s.introspection || m.TokenURL != s.token || m.TLSIntrospectionURL != s.mtls.introspection || m.TLSTokenURL != s.mtls.token {
			t.Errorf("the metadata are %+v", m)
		}
	}
	config.AllowedHosts = nil
	if m, err := core.Discover(t.Context(), config); m != nil || err == nil || !strings.Contains(err.Error(), "AllowedHosts") {
		t.Errorf("another port than the issuer's: %+v, %v", m, err)
	}
	config.CAFile = ""
	if m, err := core.Discover(t.Context(), config); m != nil || err == nil || !strings.Contains(err.Error(), "CAFile") {
		t.Errorf("a certificate of an unknown authority: %+v, %v", m, err)
	}
}

// SV-07, MD-03, MD-06
func TestDiscoverRefuses(t *testing.T) {
	provider, zitadel := theProvider(), newZitadel(t)
	for _, tt := range []struct {
		name   string
		config core.DiscoverConfig
		want   string
	}{
		{"no document there", core.DiscoverConfig{Issuer: zitadel.issuer}, "set DiscoverConfig.OpenID"},
		{"a slash at the end", core.DiscoverConfig{Issuer: provider.issuer + "/", OpenID: true}, "issuer"},
		{"another name of the host", core.DiscoverConfig{Issuer: strings.Replace(provider.issuer, "127.0.0.1", "localhost", 1), OpenID: true}, "issuer"},
		{"a server without metadata", core.DiscoverConfig{Issuer: fositeURL(t), OpenID: true}, "404"},
	} {
		m, err := core.Discover(t.Context(), tt.config)
		if _, ok := errors.AsType[*core.EndpointError](err); m != nil || !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v; want an error with %q", tt.name, m, err, tt.want)
		}
	}
}

// fositeURL is where fosite is served. Its issuer is another.
func fositeURL(t *testing.T) string {
	t.Helper()
	base, ok := strings.CutSuffix(servers[0].token, "/token")
	if !ok {
		t.Fatalf("the token endpoint is %s", servers[0].token)
	}
	return base
}

// A guard needs nothing but the metadata. SV-07
func TestGuardOfMetadata(t *testing.T) {
	zitadel := newZitadel(t)
	zitadel.storage.iss.Store(&zitadel.issuer)
	for _, s := range []*server{theProvider(), zitadel.server} {
		t.Run(s.name, func(t *testing.T) {
			_, c := config(s, service)
			v := newVerifier(t, core.RFC7662Config{Metadata: discovered(t, s, true), AnyAudience: true}, c)
			if err := v.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantStatus(t, v, read, s.mint(t, service, "read", ""), http.StatusOK)
			wantStatus(t, v, core.AllOf("write"), s.mint(t, service, "read", ""), http.StatusForbidden)
			wantStatus(t, v, read, "nobody-s-token", http.StatusUnauthorized)
		})
	}
}

// The "iss" of an answer is optional (RFC 7662 section 2.2), and zitadel's example leaves it out:
// then the metadata do not fit, because each token must have their issuer. SV-07
func TestGuardOfMetadataNeedsIssuer(t *testing.T) {
	s := newZitadel(t)
	_, c := config(s.server, service)
	token := s.mint(t, service, "read", "")
	v := newVerifier(t, core.RFC7662Config{Metadata: discovered(t, s.server, true), AnyAudience: true}, c)
	g, err := v.Guard(read)
	if err != nil {
		t.Fatal(err)
	}
	if _, denial := g.Authorize(t.Context(), core.Request{Authorization: []string{"Bearer " + token}}); denial == nil || denial.Reason != core.ReasonIssuer {
		t.Errorf("refused with %+v, want because of the issuer", denial)
	}
	wantStatus(t, newVerifier(t, core.RFC7662Config{IntrospectionURL: s.introspection, AnyAudience: true}, c), read, token, http.StatusOK)
}
