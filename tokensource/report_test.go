package tokensource_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// logging is config with a log of what an operator sees.
func logging(srv *coretest.Server, lines *bytes.Buffer) tokensource.Config {
	c := config(srv)
	c.Logger = slog.New(slog.NewTextHandler(lines, nil))
	return c
}

// taken returns the lines since the last call.
func taken(b *bytes.Buffer) []string {
	defer b.Reset()
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func wantLines(t *testing.T, when string, got []string, want ...string) {
	t.Helper()
	if len(got) == 1 && got[0] == "" {
		got = nil
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.Contains(got[i], want[i]) {
			t.Errorf("%s: the log has %q, want %q", when, got, want)
			return
		}
	}
}

// LG-02: our own token is lost in an outage, and comes back. Many callers make no line more.
func TestTokenLostAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		srv := coretest.New()
		src := newSource(t, logging(srv, &lines))
		ask := func(lasts time.Duration) {
			for begun := time.Now(); time.Since(begun) < lasts; time.Sleep(time.Second) {
				_, _ = src.Token(t.Context())
			}
			synctest.Wait()
		}
		ask(50 * time.Minute)
		wantLines(t, "before the outage", taken(&lines))
		srv.Down()
		ask(9 * time.Minute)
		wantLines(t, "while the token is valid", taken(&lines), `level=WARN msg="token fetch failed"`)
		ask(20 * time.Minute)
		wantLines(t, "after its end", taken(&lines), `level=WARN msg="there is no valid token any more" scope=messages.write failures=`)
		srv.Inject(coretest.Token, coretest.Always, coretest.Status(503))
		srv.Up()
		ask(time.Minute)
		wantLines(t, "another failure", taken(&lines), `level=WARN msg="token fetch failed" scope=messages.write error="token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 503"`)
		srv.Clear(coretest.Token)
		ask(time.Minute)
		wantLines(t, "after the outage", taken(&lines), `level=INFO msg="there is a valid token again" scope=messages.write failures=`)
	})
}

// LG-02: a token that a server refused, and no other to be had.
func TestInvalidatedTokenIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		srv := coretest.New()
		src := newSource(t, logging(srv, &lines))
		src.Invalidate(token(t, src))
		token(t, src)
		wantLines(t, "a new one at once", taken(&lines))
		src.Invalidate(token(t, src))
		srv.Down()
		_, _ = src.Token(t.Context())
		wantLines(t, "none", taken(&lines), `msg="token fetch failed"`, `level=WARN msg="there is no valid token any more"`)
	})
}

// LG-10: 300 requests while our credentials are refused, at once and over ten minutes.
func TestRefusedCredentialsMakeFewLines(t *testing.T) {
	for name, pause := range map[string]time.Duration{"at once": 0, "over ten minutes": 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var lines bytes.Buffer
			srv := coretest.New()
			c := logging(srv, &lines)
			c.ClientSecret = "wrong"
			src := newSource(t, c)
			for range 300 {
				_, _ = src.Token(t.Context())
				time.Sleep(pause)
			}
			wantLines(t, name, taken(&lines), `level=ERROR msg="token fetch failed"`)
			if srv.Calls().Token == 1 && pause > 0 {
				t.Error("one fetch only, want several behind the one line")
			}
		})
	}
}

// LG-01, D11: without a Logger, slog.Default() gets the lines.
func TestDefaultLog(t *testing.T) {
	var lines bytes.Buffer
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.NewTextHandler(&lines, nil)))
	srv := coretest.New()
	c := config(srv)
	c.Logger, c.ClientSecret = nil, "wrong"
	_, _ = newSource(t, c).Token(t.Context())
	wantLines(t, "a wrong secret", taken(&lines), "the client id or secret is wrong")
	c.Logger = slog.New(slog.DiscardHandler)
	_, _ = newSource(t, c).Token(t.Context())
	wantLines(t, "a log that discards", taken(&lines))
}

// JL-05: a token for less than was asked is a token. One line names what is missing, for each change.
func TestGrantedScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		srv := coretest.New()
		c := logging(srv, &lines)
		c.Scope = "a b c"
		src := newSource(t, c)
		grants := func(json string) tokensource.Token {
			t.Helper()
			srv.Clear(coretest.Token)
			srv.Inject(coretest.Token, coretest.Always, coretest.SetMember("scope", json))
			for range 3 { // renewals that change nothing
				time.Sleep(time.Minute)
				tok := token(t, src)
				src.Invalidate(tok)
				token(t, src)
			}
			return token(t, src)
		}
		const warn = `level=WARN msg="the granted scope lacks what was asked for: extend the client's allowed scope" scope="a b c" missing=`
		if got := grants(`"c  a"`).Scope; got != "c a" {
			t.Errorf("scope is %q, want what was granted", got)
		}
		wantLines(t, "one is missing", taken(&lines), warn+`"\"b\""`)
		grants(`"a c x"`)
		wantLines(t, "the same one", taken(&lines))
		grants(`"A ab"`)
		wantLines(t, "all are missing", taken(&lines), warn+`"\"a\", \"b\", \"c\""`)
		grants(`"b c a d"`)
		wantLines(t, "none is missing", taken(&lines), `level=INFO msg="the granted scope is complete again"`)
		grants(`null`)
		grants(`""`)
		wantLines(t, "no scope is named", taken(&lines))
	})
}

// JL-05: a program that cannot do with less says so.
func TestRequireScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for grant, want := range map[string]string{`"push.*"`: `lacks "messages.write"`, `"messages.writeall"`: `lacks "messages.write"`, `"messages.write x"`: "", `null`: ""} {
			srv := coretest.New()
			srv.Inject(coretest.Token, coretest.Always, coretest.SetMember("scope", grant))
			c := config(srv)
			c.RequireScope = true
			tok, err := newSource(t, c).Token(context.Background())
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want+": extend the client's allowed scope") || tok != (tokensource.Token{})) {
				t.Errorf("grant %s: %v, %v, want %q", grant, tok, err, want)
			}
		}
	})
}

// LG-06: an answer that does not come names the setting and its value.
func TestTimeoutNamesItsSetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := coretest.New()
		srv.Inject(coretest.Token, coretest.Always, coretest.Hang())
		for timeout, want := range map[time.Duration]string{0: "Config.Timeout is 5s", 3 * time.Second: "Config.Timeout is 3s"} {
			c := config(srv)
			c.Timeout = timeout
			if _, err := newSource(t, c).Token(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Token: %v, want %q", err, want)
			}
		}
	})
}
