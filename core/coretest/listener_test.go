package coretest_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestDownAndUp(t *testing.T) {
	onBoth(t, func(t *testing.T, s *coretest.Server) {
		url, token, c := s.URL, s.Mint(coretest.Grant{}), caller(t, s)
		for range 3 {
			s.Down()
			_, err := do(s, newRequest(t, s, "POST", introspectPath, c, form("token", token)))
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("error while down is %v, want connection refused", err)
			}
			s.Up()
			s.Up() // does nothing
			if got := introspect(t, s, c, token).member(t, "active"); got != "true" {
				t.Errorf("active is %s after Up, want true", got)
			}
		}
		if s.URL != url {
			t.Errorf("URL is %s after Up, was %s", s.URL, url)
		}
		if got := s.Calls().Introspection; got != 3 {
			t.Errorf("%d introspections counted, want 3", got)
		}
	})
}

func TestDownClosesIdleConnections(t *testing.T) {
	s := coretest.NewServer()
	defer s.Close()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// One answered call, so that the server has accepted the connection.
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: mfp\r\n\r\n")
	answers := bufio.NewReader(conn)
	res, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	s.Down()
	if _, err := answers.ReadByte(); err == nil {
		t.Error("the connection is still open after Down")
	}
}

func TestDownCutsCallsOff(t *testing.T) {
	s := coretest.NewServer()
	defer s.Close()
	s.Inject(coretest.Token, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		go s.Down()
		coretest.Hang()(w, r, next)
	})
	if _, err := do(s, newRequest(t, s, "POST", tokenPath, "", "")); err == nil {
		t.Error("no error from a server that went down")
	}
}

func TestFaultMayCallDown(t *testing.T) {
	onBoth(t, func(t *testing.T, s *coretest.Server) {
		s.Inject(coretest.Token, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			s.Down()
			coretest.Hang()(w, r, next)
		})
		if _, err := do(s, newRequest(t, s, "POST", tokenPath, "", "")); err == nil {
			t.Error("no error from a server that went down")
		}
	})
}

func TestHangOnSocketEndsWithContext(t *testing.T) {
	s := coretest.NewServer()
	defer s.Close() // waits until the server noticed that the client left
	ctx, cancel := context.WithCancel(t.Context())
	s.Inject(coretest.Token, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		cancel()
		coretest.Hang()(w, r, next)
	})
	_, err := do(s, newRequest(t, s, "POST", tokenPath, "", "").WithContext(ctx))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want canceled", err)
	}
}

func TestTLS(t *testing.T) {
	s := coretest.NewTLSServer()
	defer s.Close()
	if want := "https://127.0.0.1:"; !strings.HasPrefix(s.BaseURL(), want) || !strings.HasSuffix(s.BaseURL(), "/mfp/api") {
		t.Errorf("BaseURL is %s, want it to begin with %s", s.BaseURL(), want)
	}
	wantAnswer(t, introspect(t, s, caller(t, s), "x"), http.StatusOK, inactive)

	stranger := &http.Client{Transport: &http.Transport{}}
	res, err := stranger.Do(newRequest(t, s, "POST", tokenPath, "", ""))
	if err == nil {
		res.Body.Close()
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("error of a client without the certificate is %v", err)
	}

	s.Inject(coretest.Token, 1, coretest.Reset())
	if _, err := do(s, newRequest(t, s, "POST", tokenPath, "", "")); err == nil {
		t.Error("no error for a connection that was reset")
	}
	s.Down()
	s.Up()
	wantAnswer(t, introspect(t, s, caller(t, s), "x"), http.StatusOK, inactive)
}

func TestStart(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	if got, want := s.BaseURL(), "https://mfp.invalid/mfp/api"; got != want {
		t.Errorf("BaseURL is %s, want %s", got, want)
	}
	if err := s.Start("127.0.0.1:99999"); err == nil {
		t.Error("no error for an impossible port")
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, introspect(t, s, caller(t, s), "x"), http.StatusOK, inactive)
	if err := s.Start("127.0.0.1:0"); err == nil {
		t.Error("no error for the second Start")
	}
	s.Close()
	s.Close()
	if err := s.Start("127.0.0.1:0"); err == nil {
		t.Error("no error for Start after Close")
	}
	if _, err := do(s, newRequest(t, s, "POST", tokenPath, "", "")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error after Close is %v, want connection refused", err)
	}
}

func TestCloseWaitsForCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := coretest.New()
		ended := false
		s.Inject(coretest.Token, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			defer func() { ended = true }()
			coretest.Hang()(w, r, next)
		})
		go do(s, newRequest(t, s, "POST", tokenPath, "", ""))
		synctest.Wait()
		s.Close()
		if !ended {
			t.Error("Close returned while a call was in progress")
		}
	})
}
