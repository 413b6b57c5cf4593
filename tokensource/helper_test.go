package tokensource_test

import (
	"log/slog"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/roundtrip"
	"github.com/mfpguard/mfpguard/tokensource"
)

// config is that of a job at srv, which allows the client every scope.
func config(srv *coretest.Server) tokensource.Config {
	return tokensource.Config{
		TokenURL:     srv.BaseURL() + "/az/v1/token",
		ClientID:     "test",
		ClientSecret: "test",
		Scope:        "messages.write",
		Transport:    srv.Transport(),
		Logger:       slog.New(slog.DiscardHandler),
	}
}

// newSource is New for a Config that must be good.
func newSource(t testing.TB, c tokensource.Config) *tokensource.Source {
	t.Helper()
	src, err := tokensource.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// token is src.Token, which must succeed.
func token(t testing.TB, src *tokensource.Source) tokensource.Token {
	t.Helper()
	tok, err := src.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// wantCalls compares how many token requests srv has seen.
func wantCalls(t testing.TB, srv *coretest.Server, want int) {
	t.Helper()
	if got := srv.Calls().Token; got != want {
		t.Errorf("%d token requests, want %d", got, want)
	}
}

// roundTrip is a transport made of a function.
type roundTrip = roundtrip.Func
