package coretest_test

import (
	"net/http"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

func TestField(t *testing.T) {
	h := http.Header{
		"WWW-Authenticate": {"Bearer"}, "Retry-After": {"5"}, "Vary": {"Origin", "Accept"},
		"mfp-conflict": {"true"}, "MFP-Conflict": {"yes"}, "Empty": nil,
	}
	for _, c := range []struct{ name, want string }{
		{"WWW-Authenticate", "Bearer"},
		{"Www-Authenticate", "Bearer"},
		{"www-authenticate", "Bearer"},
		{"retry-after", "5"},
		{"Vary", "Origin, Accept"},
		{"Mfp-Conflict", "yes, true"},
		{"Empty", ""},
		{"Authenticate", ""},
		{"WWW-Authenticate-Info", ""},
	} {
		if got := coretest.Field(h, c.name); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := coretest.Field(nil, "Vary"); got != "" {
		t.Errorf("a nil header: %q", got)
	}
}
