package core_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
	"github.com/mfpguard/mfpguard/internal/selfsigned"
)

// published is a transport to a server whose metadata is this document, wherever it is asked for.
// It notes the addresses that were asked for.
func published(document string, asked *[]string) roundtrip.Func {
	return func(r *http.Request) (*http.Response, error) {
		if asked != nil {
			*asked = append(*asked, r.Method+" "+r.URL.String())
		}
		return response(r, 200, "application/json", document), nil
	}
}

// discover returns the metadata of a server that publishes this document.
func discover(t *testing.T, issuer, document string) *core.Metadata {
	t.Helper()
	m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: issuer, Transport: published(document, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// MD-01, MD-02: where the document is.
func TestDiscoverAddress(t *testing.T) {
	for _, tt := range []struct {
		issuer string
		openID bool
		want   string
	}{
		{"https://as.test", false, "https://as.test/.well-known/oauth-authorization-server"},
		{"https://as.test/", false, "https://as.test/.well-known/oauth-authorization-server"},
		{"https://as.test/t1", false, "https://as.test/.well-known/oauth-authorization-server/t1"},
		{"https://as.test:8443/t1/t2/", false, "https://as.test:8443/.well-known/oauth-authorization-server/t1/t2"},
		{"https://as.test/a%2Fb", false, "https://as.test/.well-known/oauth-authorization-server/a%2Fb"},
		{"https://as.test/caf\u00e9", false, "https://as.test/.well-known/oauth-authorization-server/caf%C3%A9"},
		{"https://as.test", true, "https://as.test/.well-known/openid-configuration"},
		{"https://as.test/", true, "https://as.test/.well-known/openid-configuration"},
		{"https://as.test/realms/a", true, "https://as.test/realms/a/.well-known/openid-configuration"},
		{"https://as.test/realms/a/", true, "https://as.test/realms/a/.well-known/openid-configuration"},
	} {
		var asked []string
		m, err := core.Discover(t.Context(), core.DiscoverConfig{
			Issuer: tt.issuer, OpenID: tt.openID, Transport: published(fmt.Sprintf(`{"issuer":%q}`, tt.issuer), &asked),
		})
		if err != nil || m.Issuer != tt.issuer || len(asked) != 1 || asked[0] != "GET "+tt.want {
			t.Errorf("%s: asked %q, got %v; want %s", tt.issuer, asked, err, tt.want)
		}
	}
}

// MD-03, MD-05, A15: the document must be of the very issuer that was asked for.
func TestDiscoverIssuer(t *testing.T) {
	for _, tt := range []struct{ asked, answered string }{
		{"https://as.test", `"https://as.test/"`},
		{"https://as.test/", `"https://as.test"`},
		{"https://as.test", `"https://AS.test"`},
		{"https://as.test", `"https://as.test:443"`},
		{"https://as.test", `"http://as.test"`},
		{"https://as.test/t1", `"https://as.test/t2"`},
		{"https://as.test/t1", `"https://as.test/%74%31"`},
		{"https://as.test/t1", `"https://as.test/x/../t1"`},
		{"https://as.test", `"https://as.test@evil.test"`},
		{"https://as.test/caf\u00e9", `"https://as.test/cafe\u0301"`},
		{"https://as.test/cafe\u0301", `"https://as.test/caf\u00e9"`},
		{"https://as.test", `""`},
		{"https://as.test", `null`},
		{"https://as.test", `["https://as.test"]`},
	} {
		doc := `{"issuer":` + tt.answered + `,"introspection_endpoint":"https://as.test/i"}`
		m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: tt.asked, Transport: published(doc, nil)})
		if m != nil || err == nil || !strings.Contains(err.Error(), "issuer") {
			t.Errorf("%s, answered %s: got %v, %v; want an error about the issuer", tt.asked, tt.answered, m, err)
		}
	}
	m := discover(t, "https://as.test/caf\u00e9", `{"\u0069ssuer":"https:\/\/as.test\/caf\u00e9"}`) // the same, written in another way
	if m.Issuer != "https://as.test/caf\u00e9" {
		t.Errorf("got %q", m.Issuer)
	}
}

// MD-04, A15: what cannot be an issuer, and other mistakes; all are found before anything is sent.
func TestDiscoverMistakes(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, tt := range []struct {
		change func(*core.DiscoverConfig)
		want   string
	}{
		{func(c *core.DiscoverConfig) { c.Issuer = "" }, "DiscoverConfig.Issuer is empty"},
		{func(c *core.DiscoverConfig) { c.Issuer = "http://as.test" }, "DiscoverConfig.Issuer is http://"},
		{func(c *core.DiscoverConfig) { c.Issuer = "as.test" }, "DiscoverConfig.Issuer has no scheme"},
		{func(c *core.DiscoverConfig) { c.Issuer = "https://as.test?x" }, "DiscoverConfig.Issuer has a query"},
		{func(c *core.DiscoverConfig) { c.Issuer = "https://as.test?" }, "DiscoverConfig.Issuer has a query"},
		{func(c *core.DiscoverConfig) { c.Issuer = "https://as.test#y" }, "DiscoverConfig.Issuer has a fragment"},
		{func(c *core.DiscoverConfig) { c.Issuer = "https://u:p@as.test" }, "DiscoverConfig.Issuer carries user information"},
		{func(c *core.DiscoverConfig) { c.Issuer = "https://as.test/\xff" }, "DiscoverConfig.Issuer is not valid UTF-8"},
		{func(c *core.DiscoverConfig) { c.Issuer = "https://as.test/.well-known/openid-configuration" }, "DiscoverConfig.Issuer has /.well-known on it"},
		{func(c *core.DiscoverConfig) { c.AllowedHosts = []string{"https://b.test"} }, "DiscoverConfig.AllowedHosts has"},
		{func(c *core.DiscoverConfig) { c.AllowedHosts = []string{"b.test/x"} }, "DiscoverConfig.AllowedHosts has"},
		{func(c *core.DiscoverConfig) { c.AllowedHosts = []string{""} }, "DiscoverConfig.AllowedHosts has"},
		{func(c *core.DiscoverConfig) { c.AllowedHosts = []string{"169.254.169.254"} }, "DiscoverConfig.AllowedHosts has 169.254.169.254"},
		{func(c *core.DiscoverConfig) { c.Timeout = -1 }, "DiscoverConfig.Timeout is -1ns"},
		{func(c *core.DiscoverConfig) { c.Timeout = 2 * time.Hour }, "DiscoverConfig.Timeout is 2h"},
		{func(c *core.DiscoverConfig) { c.Transport = (*http.Transport)(nil) }, "DiscoverConfig.Transport is a nil"},
		{func(c *core.DiscoverConfig) {
			c.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		}, "DiscoverConfig.Transport sets InsecureSkipVerify"},
		{func(c *core.DiscoverConfig) { c.CAFile = missing }, "DiscoverConfig.CAFile and DiscoverConfig.Transport are both set"},
		{func(c *core.DiscoverConfig) { c.Transport, c.CAFile = nil, missing }, "DiscoverConfig.CAFile cannot be read"},
	} {
		var asked []string
		c := core.DiscoverConfig{Issuer: "https://as.test", Transport: published(`{"issuer":"https://as.test"}`, &asked)}
		tt.change(&c)
		m, err := core.Discover(t.Context(), c)
		e, ok := errors.AsType[*core.ConfigError](err)
		if m != nil || !ok || !strings.HasPrefix(err.Error(), "core: "+tt.want) || strings.Contains(err.Error(), "u:p") || len(asked) > 0 {
			t.Errorf("got %v (%v), asked %q; want %s", err, e, asked, tt.want)
		}
	}
}

// MD-06, MD-15, MD-18: what is no metadata.
func TestDiscoverAnswers(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		answer     func(w http.ResponseWriter, issuer string)
	}{
		{"a charset", "", func(w http.ResponseWriter, issuer string) {
			w.Header().Set("Content-Type", "Application/JSON; charset=utf-8")
			fmt.Fprintf(w, `{"issuer":%q}`, issuer)
		}},
		{"not found", "answered 404 (no metadata is there: check the issuer, or set DiscoverConfig.OpenID", func(w http.ResponseWriter, _ string) {
			w.WriteHeader(404)
		}},
		{"an outage", "answered 503", func(w http.ResponseWriter, _ string) { w.WriteHeader(503) }},
		{"no content", "answered 204", func(w http.ResponseWriter, _ string) { w.WriteHeader(204) }},
		{"created", "answered 201", func(w http.ResponseWriter, issuer string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(201)
			fmt.Fprintf(w, `{"issuer":%q}`, issuer)
		}},
		{"a page", "Content-Type", func(w http.ResponseWriter, issuer string) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `{"issuer":%q}`, issuer)
		}},
		{"a redirect", "redirects are not followed", func(w http.ResponseWriter, issuer string) {
			w.Header().Set("Location", issuer+"/elsewhere")
			w.WriteHeader(302)
		}},
		{"a redirect to another origin", "answered 308", func(w http.ResponseWriter, issuer string) {
			w.Header().Set("Location", strings.Replace(issuer, "127.0.0.1", "localhost", 1)+"/elsewhere")
			w.WriteHeader(308)
		}},
		{"10 MiB", "answer exceeds the size limit", body(`{"issuer":%q,"x":"` + strings.Repeat("x", 10<<20) + `"}`)},
		{"just more than 256 KiB", "answer exceeds the size limit", body(`{"issuer":%q,"x":"` + strings.Repeat("x", 256<<10) + `"}`)},
		{"almost 256 KiB", "", body(`{"issuer":%q,"x":"` + strings.Repeat("x", 255<<10) + `"}`)},
		{"two issuers", "appears twice", body(`{"issuer":"https://evil.test","issuer":%q}`)},
		{"two names of the same, elsewhere", "appears twice", body(`{"issuer":%q,"x":{"a":1,"a":2}}`)},
		{"another case of the name", "issuer", body(`{"Issuer":%q}`)},
		{"a half of a pair", "surrogate", body(`{"issuer":%q,"x":"\ud800"}`)},
		{"Latin-1", "UTF-8", body("{\"issuer\":%q,\"x\":\"\xe9\"}")},
		{"an array", "an array", body(`[%q]`)},
		{"two documents", "data after the object", body(`{"issuer":%q}{}`)},
		{"nothing", "empty", body("%.0s")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var issuer string
			var followed atomic.Bool
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					followed.Store(true)
					body(`{"issuer":%q}`)(w, issuer)
					return
				}
				tt.answer(w, issuer)
			}))
			defer s.Close()
			issuer = s.URL
			m, err := core.Discover(t.Context(), core.DiscoverConfig{Issuer: issuer})
			if followed.Load() {
				t.Error("a redirect was followed")
			}
			if tt.want == "" {
				if err != nil || m.Issuer != issuer {
					t.Errorf("got %v, %v", m, err)
				}
				return
			}
			e, ok := errors.AsType[*core.EndpointError](err)
			if m != nil || !ok || e.Endpoint != "metadata" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want an error with %q", m, err, tt.want)
			}
		})
	}
}

// body answers with this JSON document of the issuer.
func body(format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, issuer string) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, format, issuer)
	}
}

// MD-07: a server that cannot prove who it is has no metadata.
func TestDiscoverTLS(t *testing.T) {
	cert, err := selfsigned.Certificate(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	var issuer string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		body(`{"issuer":%q}`)(w, issuer)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	issuer = s.URL

	_, err = core.Discover(t.Context(), core.DiscoverConfig{Issuer: issuer})
	if err == nil || !strings.Contains(err.Error(), "CAFile") || requests.Load() != 0 {
		t.Errorf("a self-signed certificate: got %v after %d requests", err, requests.Load())
	}
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []core.DiscoverConfig{
		{CAFile: caFile},
		{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: selfsigned.Pool(cert)}}},
	} {
		c.Issuer = issuer
		if m, err := core.Discover(t.Context(), c); err != nil || m.Issuer != issuer {
			t.Errorf("a trusted certificate: got %v, %v", m, err)
		}
	}
}
