package jose_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/internal/jose"
)

// The error names what to look at, and nothing that is secret.
func TestKeysError(t *testing.T) {
	tests := []struct {
		name   string
		change func(*server)
		status int
		pause  time.Duration // at least
		want   string
	}{
		{"reset", func(s *server) { s.err = errReset }, 0, time.Second, ": connection reset by peer"},
		{"404", func(s *server) { s.status = 404 }, 404, time.Second, ": status 404: check that the URL is that of the server's keys"},
		{"410", func(s *server) { s.status = 410 }, 410, time.Second, ": status 410: check that the URL is that of the server's keys"},
		{"401", func(s *server) { s.status = 401 }, 401, time.Second, ": status 401: the keys must be readable without credentials"},
		{"302", func(s *server) { s.status, s.header = 302, []string{"Location", "https://evil.test"} }, 302, time.Second, ": status 302: redirects are not followed: use the URL that it leads to"},
		{"204", func(s *server) { s.status = 204 }, 204, time.Second, ": status 204: check that"},
		{"503", func(s *server) { s.status, s.header = 503, []string{"Retry-After", "20"} }, 503, 20 * time.Second, ": status 503"},
		{"503 for an hour", func(s *server) { s.status, s.header = 503, []string{"Retry-After", "3600"} }, 503, 30 * time.Second, ": status 503"},
		{"a page", func(s *server) { s.document = "<html>canary" }, 200, time.Second, ": status 200: no usable key: the document is not JSON, want an object: check that the URL"},
		{"too large", func(s *server) { s.document = strings.Repeat(" ", 256<<10+1) }, 0, time.Second, ": answer exceeds the size limit"},
		{"too slow", func(s *server) { s.hang = true }, 0, time.Second, ": context deadline exceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := edServer()
				tt.change(s)
				k := jose.NewKeeper(jose.Options{URL: "https://as.test/keys?canary", Transport: s, Log: slog.New(slog.DiscardHandler)})
				err := k.Ready(context.Background())
				failed, ok := errors.AsType[*jose.KeysError](err)
				if !ok || !errors.Is(err, jose.ErrNoKeys) {
					t.Fatalf("Ready: %v", err)
				}
				if failed.Status != tt.status || failed.RetryAfter < tt.pause || failed.RetryAfter > 30*time.Second || failed.URL != keysURL {
					t.Errorf("%+v, want status %d and a pause of %v", failed, tt.status, tt.pause)
				}
				if got := err.Error(); !strings.HasPrefix(got, jose.ErrNoKeys.Error()+" from "+keysURL+tt.want) || strings.Contains(got, "canary") {
					t.Errorf("the text is %q, want %q in it", got, tt.want)
				}
			})
		})
	}
}
