package interop_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/mfpguard/mfpguard/core"
)

var read = core.AllOf("read")

// IN-69
func TestAnswersAreRemembered(t *testing.T) {
	const nobodys = "nobody-s-token"
	eachServer(t, func(t *testing.T, s *server) {
		v, calls := newGuard(t, s)
		token := s.mint(t, service, "read", "")
		for range 3 {
			wantStatus(t, v, read, token, http.StatusOK)
		}
		calls.want(t, s.introspection, 1)
		wantStatus(t, v, core.AllOf("write"), token, http.StatusForbidden) // decided anew
		calls.want(t, s.introspection, 1)
		wantStatus(t, v, read.MaxAge(0), token, http.StatusOK)
		calls.want(t, s.introspection, 2)
		v.ForgetToken(token)
		wantStatus(t, v, read, token, http.StatusOK)
		calls.want(t, s.introspection, 3)
		for range 2 {
			wantStatus(t, v, read, nobodys, http.StatusUnauthorized)
		}
		calls.want(t, s.introspection, 4)
	})
}

func TestConcurrentRequestsShareOneCall(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		v, calls := newGuard(t, s)
		token := s.mint(t, service, "read", "")
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(func() { wantStatus(t, v, read, token, http.StatusOK) })
		}
		wait.Wait()
		calls.want(t, s.introspection, 1)
	})
}

// A revoked token passes for as long as it is remembered, unless the route asks each time, or somebody has asked since.
func TestRevocationIsSeen(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server) {
		v, calls := newGuard(t, s)
		token := s.mint(t, service, "read", "")
		wantStatus(t, v, read, token, http.StatusOK)
		s.revoke(t, service, token)
		wantStatus(t, v, read, token, http.StatusOK)
		calls.want(t, s.introspection, 1)
		wantStatus(t, v, read.MaxAge(0), token, http.StatusUnauthorized)
		wantStatus(t, v, read, token, http.StatusUnauthorized)
		calls.want(t, s.introspection, 2)
	})
}
