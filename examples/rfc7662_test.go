package examples_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// What an RFC 7662 server says: seconds, and an audience.
const (
	erinFacts = `{"active":true,"scope":"accessRestricted","sub":"erin","client_id":"web","aud":["api"],"exp":4102444800}`
	erinJSON  = `{"client_id":"web","scope":"accessRestricted","username":"","user":{"id":"erin"},` +
		`"application":null,"device":null,"expires_at":"2100-01-01T00:00:00Z"}`
	strangerFacts = `{"active":true,"scope":"accessRestricted","sub":"erin","client_id":"web","aud":["other"],"exp":4102444800}`
)

var rfcFacts = map[string]string{"erin": erinFacts, "stranger": strangerFacts}

func TestRFC7662WithBasic(t *testing.T) {
	as := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id != "orders" || secret != "s%2Bcret" { // form-encoded, as RFC 6749 says
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		facts, ok := rfcFacts[r.PostFormValue("token")]
		if !ok {
			facts = `{"active":false}`
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, facts)
	}))
	defer as.Close()
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			checkRFC7662(t, start(t, command(t, service,
				"MFPGUARD_PROFILE=rfc7662", "MFPGUARD_SERVER="+as.URL+"/introspect", "MFPGUARD_AUDIENCE=api",
				"MFPGUARD_CLIENT_ID=orders", "MFPGUARD_CLIENT_SECRET=s+cret")))
		})
	}
}

func TestRFC7662WithBearer(t *testing.T) {
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			srv := newServer(t)
			for token, facts := range rfcFacts {
				srv.SetAnswer(token, facts)
			}
			checkRFC7662(t, start(t, command(t, service,
				"MFPGUARD_PROFILE=rfc7662", "MFPGUARD_SERVER="+srv.BaseURL()+"/az/v1/introspection", "MFPGUARD_AUDIENCE=api",
				"MFPGUARD_AUTH=bearer", "MFPGUARD_TOKEN_URL="+srv.BaseURL()+"/az/v1/token",
				"MFPGUARD_TOKEN_SCOPE=authorization.introspect",
				"MFPGUARD_CLIENT_ID=test", "MFPGUARD_CLIENT_SECRET=test")))
			if n := srv.Calls(); n.Token != 1 {
				t.Errorf("%d token calls, want 1", n.Token)
			}
		})
	}
}

func checkRFC7662(t *testing.T, p *process) {
	t.Helper()
	if got := p.mustDo("GET /me", bearer("erin")...); got.status != 200 || got.body != erinJSON {
		t.Errorf("GET /me: %d %s, want 200 %s", got.status, got.body, erinJSON)
	}
	if got := p.mustDo("GET /balance", bearer("erin")...); got.status != 200 || got.body != "17364.9" {
		t.Errorf("GET /balance: %d %s, want 200 17364.9", got.status, got.body)
	}
	for token, want := range map[string]string{
		"unknown":  `Bearer realm="api", error="invalid_token"`,
		"stranger": `Bearer realm="api", error="invalid_token"`,
	} {
		got := p.mustDo("GET /me", bearer(token)...)
		if got.status != 401 || got.header.Get("WWW-Authenticate") != want {
			t.Errorf("%s: %d %q, want 401 %q", token, got.status, got.header.Get("WWW-Authenticate"), want)
		}
	}
}
