package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfpguard/mfpguard/core"
)

// Tokens for a stub begin with one of these.
const (
	goodToken    = "g" // active
	garbageToken = "x" // inactive
)

// A stub is an authorization server that answers at once, without a socket, so that only our own
// work is measured. All tokens are active except those that begin with garbageToken.
type stub struct {
	// pause waits before an answer of either endpoint. Its error fails the call. Nil means no wait.
	pause func(ctx context.Context, token bool) error

	introspections, aboutGood, tokens atomic.Int64
	current, highest                  atomic.Int64 // introspections at once
}

// activeAnswer is the answer of MobileFirst about the token of a signed-in user: 600 bytes of JSON.
var activeAnswer = newActiveAnswer(600)

const inactiveAnswer = `{"active":false}`

func newActiveAnswer(size int) string {
	const form = `{"active":true,"scope":"RegisteredClient accessRestricted pay","client_id":"6a2e0ac4-7b2b-4b46-8d3f-0f2ce2a6d5b8",` +
		`"username":"alice","exp":%d,"mfp-application":{"id":"com.example.bank","clientPlatform":"android","version":"1.2.3"},` +
		`"mfp-device":{"id":"51b5f2ab-9d36-3f8c-b2a4-92cd6e4f5d0a","hardware":"Pixel 8","platform":"android 15","deviceDisplayName":null,"status":"ACTIVE"},` +
		`"mfp-user":{"id":"alice","displayName":"Alice","authenticatedBy":"UserLogin","authenticatedAt":%d,"attributes":{}},` +
		`"mfp-checks":{"UserLogin":{"note":"%s"}}}`
	now := time.Now()
	bare := fmt.Sprintf(form, now.Add(24*time.Hour).UnixMilli(), now.UnixMilli(), "")
	return strings.Replace(bare, `"note":""`, `"note":"`+strings.Repeat("n", max(0, size-len(bare)))+`"`, 1)
}

// RoundTrip implements [http.RoundTripper].
func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(r.URL.Path, "/token") {
		s.tokens.Add(1)
		if err := s.wait(r.Context(), true); err != nil {
			return nil, err
		}
		return answer(r, `{"access_token":"own","token_type":"Bearer","expires_in":3599,"scope":"authorization.introspect"}`), nil
	}
	s.introspections.Add(1)
	now := s.current.Add(1)
	defer s.current.Add(-1)
	for seen := s.highest.Load(); now > seen && !s.highest.CompareAndSwap(seen, now); {
		seen = s.highest.Load()
	}
	if err := s.wait(r.Context(), false); err != nil {
		return nil, err
	}
	body := activeAnswer
	switch token := strings.TrimPrefix(string(form), "token="); token[:1] {
	case garbageToken:
		body = inactiveAnswer
	case goodToken:
		s.aboutGood.Add(1)
	}
	return answer(r, body), nil
}

func (s *stub) wait(ctx context.Context, token bool) error {
	if s.pause == nil {
		return nil
	}
	return s.pause(ctx, token)
}

func answer(r *http.Request, body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}
}

// verifier returns a Verifier that asks the server behind transport. Its settings are the
// defaults, as modified by change.
func verifier(transport http.RoundTripper, change func(*core.Config)) (*core.Verifier, error) {
	c := core.Config{
		Profile:      core.MobileFirst8("https://as.invalid/mfp/api"),
		ClientID:     "bench",
		ClientSecret: "not-a-secret",
		Transport:    transport,
	}
	if change != nil {
		change(&c)
	}
	return core.New(c)
}
