package tokensource_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

const (
	canary        = "c4n4ry-S3cret-T0ken"
	encodedCanary = "dGVzdDpjNG40cnktUzNjcmV0LVQwa2Vu" // of test:c4n4ry-S3cret-T0ken, in Basic credentials
)

// leaks says which form of the canary is in s.
func leaks(s string) string {
	for _, form := range []string{canary, encodedCanary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprint([]byte(canary)), "99 52 110 52"} {
		if strings.Contains(s, form) {
			return form
		}
	}
	return ""
}

// everywhere shows v in every way that a program might.
func everywhere(v any) map[string]string {
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%X", "%q", "%o", "%U", "%t", "% x", "%10.3s", "%[1]v %[1]T"} {
		shown[verb] = fmt.Sprintf(verb, v)
	}
	shown["Print"] = fmt.Sprint(v)
	if b, err := json.Marshal(v); err == nil {
		shown["JSON"] = string(b)
	}
	if b, err := xml.Marshal(v); err == nil {
		shown["XML"] = string(b)
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v)
	shown["slog"] = b.String()
	if err, ok := v.(error); ok {
		for ; err != nil; err = errors.Unwrap(err) {
			shown["chain"] += fmt.Sprintf("%v %+v %#v\n", err, err, err)
		}
	}
	return shown
}

// CC-46, A69
func TestNothingShowsASecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		srv := coretest.New()
		srv.SetClient(coretest.Client{ID: "test", Secret: canary, AllowedScope: "*"})
		srv.Inject(coretest.Token, coretest.Always, coretest.SetMember("access_token", `"`+canary+`"`))
		c := config(srv)
		c.ClientSecret, c.Logger, c.RequireScope = canary, log, true
		unsent := c
		unsent.Transport = nil // its fields are nobody's secret
		shown := map[string]any{
			"a Secret": tokensource.Secret(canary), "a pointer to a Secret": new(tokensource.Secret(canary)),
			"Secrets": []tokensource.Secret{canary}, "a map of Secrets": map[string]tokensource.Secret{"k": canary},
			"a Config": unsent, "a pointer to a Config": &unsent, "a static Source": tokensource.Static(canary),
			"a wrapped Secret": fmt.Errorf("secret %v and %q", tokensource.Secret(canary), tokensource.Secret(canary)),
		}
		src := newSource(t, c)
		tok := token(t, src)
		if string(tok.AccessToken) != canary {
			t.Fatalf("token is %q", string(tok.AccessToken))
		}
		shown["a Token"], shown["a pointer to a Token"], shown["a Source"] = tok, &tok, src
		src.Invalidate(tok)
		for i, fault := range []coretest.Fault{
			coretest.Body(400, "application/json", `{"error":"`+canary+`","error_description":"`+canary+`"}`),
			coretest.Body(200, "application/json", `{"access_token":"`+canary+`","access_token":"`+canary+`"}`),
			coretest.Body(200, "application/json", `{"`+canary+`":1,"access_token":"`+canary+`","token_type":"`+canary+`"}`),
			coretest.Body(500, "text/html", canary),
			coretest.Redirect(307, "https://evil.test/?"+canary),
			coretest.SetMember("scope", `"`+canary+`"`),
			coretest.Reset(), coretest.Hang(),
		} {
			srv.Clear(coretest.Token)
			srv.Inject(coretest.Token, coretest.Always, fault)
			_, err := src.Token(t.Context())
			if err == nil {
				t.Fatalf("fault %d: no error", i)
			}
			shown[fmt.Sprintf("error %d", i)] = err
			shown[fmt.Sprintf("wrapped error %d", i)] = fmt.Errorf("job: %w", err)
			_, err = src.Token(t.Context()) // remembered
			shown[fmt.Sprintf("remembered error %d", i)] = err
			time.Sleep(10 * time.Minute)
		}
		shown["a Source in trouble"] = src
		for name, v := range shown {
			for how, s := range everywhere(v) {
				if form := leaks(s); form != "" {
					t.Errorf("%s as %s shows %s: %.200s", name, how, form, s)
				}
			}
		}
		if form := leaks(logged.String()); form != "" || logged.Len() == 0 {
			t.Errorf("the log shows %q:\n%s", form, logged.String())
		}
	})
}

func TestSecretShowsThatItIsHidden(t *testing.T) {
	for how, s := range everywhere(tokensource.Secret(canary)) {
		if !strings.Contains(s, "[REDACTED]") {
			t.Errorf("as %s it is %q, want [REDACTED]", how, s)
		}
	}
	if got := string(tokensource.Secret(canary)); got != canary {
		t.Errorf("string(Secret) = %q", got)
	}
}

// What a program logs about its token source.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		srv := coretest.New()
		c := config(srv)
		c.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		src := newSource(t, c)
		step := func(more int, want string, faults ...coretest.Fault) {
			t.Helper()
			logged.Reset()
			if len(faults) > 0 {
				srv.Inject(coretest.Token, 1, faults...)
			}
			tok, _ := src.Token(context.Background())
			src.Invalidate(tok)
			if lines := strings.Split(logged.String(), "\n"); !strings.Contains(lines[0], want) || len(lines) != more+2 {
				t.Errorf("logged %q, want %q and %d lines more", logged.String(), want, more)
			}
			time.Sleep(10 * time.Minute)
		}
		step(0, `level=DEBUG msg="token renewed" scope=messages.write expires_at=`)
		step(1, `level=WARN msg="token fetch failed" scope=messages.write error="token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 429`, coretest.Status(429))
		step(0, `level=ERROR msg="token fetch failed"`, coretest.Status(401))
		step(1, `level=DEBUG msg="token renewed"`)
	})
}
