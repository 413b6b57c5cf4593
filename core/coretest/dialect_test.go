package coretest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// SV-02: a server of one dialect has no endpoint of another.
func TestOnly(t *testing.T) {
	srv := coretest.New()
	srv.Protect("/adapters/shop", "")
	status := func(path string) int {
		return post(t, srv, path, "", "").status
	}
	paths := map[coretest.Dialect][]string{
		coretest.MobileFirst8: {tokenPath, introspectPath, "/mfp/api/adapters/shop", "/imfpush/v1/apps/a/messages"},
		coretest.MobileFirst7: {strings.TrimPrefix(srv.EndpointURL(coretest.MobileFirst7, coretest.Introspection), srv.URL)},
	}
	for _, only := range []coretest.Dialect{coretest.MobileFirst8, coretest.MobileFirst7, 0} {
		srv.Only(only)
		for d, all := range paths {
			for _, path := range all {
				if got, want := status(path) != http.StatusNotFound, only == 0 || only == d; got != want {
					t.Errorf("only %v: %s is there: %v, want %v", only, path, got, want)
				}
			}
		}
	}
}

// A dialect without an endpoint is a mistake of the test that asks for it.
func TestEndpointURLOfNothing(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	coretest.New().EndpointURL(coretest.MobileFirst8, coretest.Metadata)
}

func TestDialectString(t *testing.T) {
	for d, want := range map[coretest.Dialect]string{
		coretest.MobileFirst8: "mobilefirst8", coretest.MobileFirst7: "mobilefirst7",
		coretest.Curity: "curity", coretest.RFC7662: "rfc7662", 0: "Dialect(0)",
	} {
		if got := d.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
