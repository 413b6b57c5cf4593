package coretest_test

import (
	"fmt"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestRequestsShowWhatArrived(t *testing.T) {
	onBoth(t, func(t *testing.T, s *coretest.Server) {
		post(t, s, tokenPath+"?q=1", basic("test", "test"), "grant_type=client_credentials&scope=a+b%20c")
		got := s.Requests(coretest.Token)
		if len(got) != 1 {
			t.Fatalf("%d requests, want 1", len(got))
		}
		r := got[0]
		line := fmt.Sprint(r.Method, " ", r.Path, " ", r.Query, " ", r.Form["scope"], " ", r.Body)
		if want := "POST " + tokenPath + " q=1 [a b c] grant_type=client_credentials&scope=a+b%20c"; line != want {
			t.Errorf("request is %s, want %s", line, want)
		}
		if got := r.Header.Get("Authorization"); got != basic("test", "test") {
			t.Errorf("Authorization is %s", got)
		}
		if got := r.Header.Get("Accept-Encoding"); got != "gzip" {
			t.Errorf("Accept-Encoding is %q, want what net/http adds", got)
		}
		if "https://"+r.Host != s.URL && "http://"+r.Host != s.URL {
			t.Errorf("Host is %s, want that of %s", r.Host, s.URL)
		}
	})
}

func TestRequestsKeepTheLastThousand(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	for i := range 1003 {
		introspect(t, s, "", fmt.Sprint(i))
	}
	got := s.Requests(coretest.Introspection)
	if len(got) != 1000 || got[0].Form.Get("token") != "3" || got[999].Form.Get("token") != "1002" {
		t.Errorf("%d requests from %s to %s, want 1000 from 3 to 1002", len(got), got[0].Body, got[len(got)-1].Body)
	}
	if got := s.Calls().Introspection; got != 1003 {
		t.Errorf("%d calls counted, want 1003", got)
	}
}

func TestBodyIsBounded(t *testing.T) {
	s := coretest.New()
	defer s.Close()
	if got := post(t, s, tokenPath, "", string(make([]byte, 1<<20+1))).status; got != 413 {
		t.Errorf("answer to a huge body is %d, want 413", got)
	}
}

func TestEndpointString(t *testing.T) {
	for e, want := range map[coretest.Endpoint]string{
		coretest.Token: "token", coretest.Introspection: "introspection",
		coretest.Resource: "resource", coretest.Push: "push", coretest.Other: "other", 9: "Endpoint(9)",
	} {
		if got := e.String(); got != want {
			t.Errorf("String is %q, want %q", got, want)
		}
	}
}
