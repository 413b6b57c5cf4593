package tokensource_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/tokensource"
)

// Mistakes of the program are panics of Source.Transport that name the fix, as for an adapter's Require.
func TestTransportPanicsAtSetUp(t *testing.T) {
	good := tokensource.Static("t")
	for _, tt := range []struct {
		name    string
		src     *tokensource.Source
		base    http.RoundTripper
		origins []string
		want    string
	}{
		{"a good one", good, nil, []string{"https://api.invalid"}, ""},
		{"a nil Source", nil, nil, nil, "make it with New, Func or Static"},
		{"the zero Source", new(tokensource.Source), nil, nil, "make it with New, Func or Static"},
		{"an origin without a scheme", good, nil, []string{"api.invalid:9443"}, `the origin "api.invalid:9443" of Source.Transport has no scheme: put https:// in front`},
		{"an empty origin", good, nil, []string{""}, `the origin "" of Source.Transport is empty`},
		{"an origin with a path", good, nil, []string{"https://api.invalid/mfp/api"}, `"https://api.invalid/mfp/api" of Source.Transport has a path or a query, want an origin such as https://api.example.com`},
		{"the second origin", good, nil, []string{"https://a.invalid", "http://b.invalid"}, `the origin "http://b.invalid" of Source.Transport is http:// to another host`},
		{"an origin with a password", good, nil, []string{"https://u:canary@api.invalid"}, `the origin "...@api.invalid" of Source.Transport carries user information`},
		{"a base that trusts anybody", good, &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, nil, "the base of Source.Transport sets InsecureSkipVerify"}, // IN-16
		{"a nil base with a type", good, (*http.Transport)(nil), nil, "the base of Source.Transport is a nil *http.Transport: for the default, pass nil itself"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt, mistake := transportOf(tt.src, tt.base, tt.origins...)
			if (tt.want == "") != (mistake == "" && rt != nil) || !strings.Contains(mistake, tt.want) || strings.Contains(mistake, "canary") {
				t.Errorf("Transport = %v, panic %q, want %q", rt, mistake, tt.want)
			}
		})
	}
}

// A Source or Transport that no constructor made returns errors that say so.
func TestNotMade(t *testing.T) {
	for name, src := range map[string]*tokensource.Source{"nil": nil, "zero": new(tokensource.Source)} {
		_, err := src.Token(t.Context())
		_, renewed := src.Renew(t.Context(), tokensource.Token{})
		_, scoped := src.Scoped("a").Token(t.Context())
		src.Invalidate(tokensource.Token{})
		for what, err := range map[string]error{"Token": err, "Renew": renewed, "Scoped": scoped, "Ready": src.Ready(t.Context()), "Keep": src.Keep(t.Context())} {
			if err == nil || !strings.Contains(err.Error(), "this Source is nil or zero: make it with New, Func or Static") {
				t.Errorf("%s Source: %s: %v", name, what, err)
			}
		}
	}
	for name, rt := range map[string]*tokensource.Transport{"nil": nil, "zero": new(tokensource.Transport)} {
		rt.CloseIdleConnections()
		closed := 0
		r := httptest.NewRequest(http.MethodPost, "https://api.invalid/a", &closer{strings.NewReader("x"), &closed})
		if _, err := rt.RoundTrip(r); err == nil || !strings.Contains(err.Error(), "make it with Source.Transport") || closed != 1 {
			t.Errorf("%s Transport: %v, the body was closed %d times", name, err, closed)
		}
	}
	defer func() {
		if r := recover(); r == nil {
			t.Error("Func(nil) does not panic")
		}
	}()
	tokensource.Func((func(context.Context) (tokensource.Token, error))(nil))
}
