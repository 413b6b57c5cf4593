package coretest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

const (
	tokenPath      = "/mfp/api/az/v1/token"
	introspectPath = "/mfp/api/az/v1/introspection"
	formType       = "application/x-www-form-urlencoded"
)

type answer struct {
	status int
	header http.Header
	body   string
}

// member returns one member of a JSON answer, as JSON text; "" if it is absent.
func (a answer) member(t *testing.T, name string) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &all); err != nil {
		t.Fatalf("answer %q: %v", a.body, err)
	}
	return string(all[name])
}

// form builds a request body from names and values in turn.
func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func basic(id, secret string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(id, secret)
	return r.Header.Get("Authorization")
}

func newRequest(t *testing.T, s *coretest.Server, method, path, authorization, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	r.Header.Set("Content-Type", formType)
	return r
}

func do(s *coretest.Server, r *http.Request) (answer, error) {
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

func post(t *testing.T, s *coretest.Server, path, authorization, body string) answer {
	t.Helper()
	a, err := do(s, newRequest(t, s, http.MethodPost, path, authorization, body))
	if err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	return a
}

// obtain gets a confidential client's token.
func obtain(t *testing.T, s *coretest.Server, id, secret, scope string) string {
	t.Helper()
	a := post(t, s, tokenPath, basic(id, secret), form("grant_type", "client_credentials", "scope", scope))
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Token == "" {
		t.Fatalf("token answer is %d %q", a.status, a.body)
	}
	return got.Token
}

// caller is the Authorization value of a resource server.
func caller(t *testing.T, s *coretest.Server) string {
	t.Helper()
	return "Bearer " + obtain(t, s, "push", "hsup", "authorization.introspect")
}

func introspect(t *testing.T, s *coretest.Server, authorization, token string) answer {
	t.Helper()
	return post(t, s, introspectPath, authorization, form("token", token))
}

// wantAnswer compares status and body.
func wantAnswer(t *testing.T, got answer, status int, body string) {
	t.Helper()
	if got.status != status || got.body != body {
		t.Errorf("answer is %d %q, want %d %q", got.status, got.body, status, body)
	}
}
