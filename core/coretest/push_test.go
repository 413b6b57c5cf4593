package coretest_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
)

const (
	pushApp   = "com.acme.shop"
	pushPath  = "/imfpush/v1/apps/com.acme.shop/messages"
	pushScope = "messages.write push.application.com.acme.shop"
	hello     = `{"message":{"alert":"Hello","custom":1},"target":{"userIds":["u1","u2"]},"settings":{"apns":{"badge":1}}}`
)

// newPush returns a server with an app, and the Authorization of someone who may send to it.
func newPush(t *testing.T) (s *coretest.Server, authorization string) {
	t.Helper()
	s = coretest.New()
	t.Cleanup(s.Close)
	s.AddApp(pushApp)
	return s, "Bearer " + obtain(t, s, "test", "test", pushScope)
}

func pushRequest(t *testing.T, s *coretest.Server, path, authorization, body string) *http.Request {
	t.Helper()
	r := newRequest(t, s, http.MethodPost, path, authorization, body)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// push sends a message and expects an answer.
func push(t *testing.T, s *coretest.Server, path, authorization, body string) answer {
	t.Helper()
	a, err := do(s, pushRequest(t, s, path, authorization, body))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// 17.A/A30
func TestPushAccepts(t *testing.T) {
	s, authorization := newPush(t)
	a := push(t, s, pushPath, authorization, hello)
	wantAnswer(t, a, http.StatusAccepted, `{"message":{"message":{"alert":"Hello","custom":1}},"messageId":"1"}`)
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type is %q", got)
	}
	got := s.Messages(pushApp)
	if want := (coretest.Message{ID: "1", Alert: "Hello", ClientID: "test", Body: hello}); len(got) != 1 || got[0] != want {
		t.Errorf("messages are %+v, want %+v", got, want)
	}
	if got := s.Messages("com.acme.other"); got != nil {
		t.Errorf("messages of another app are %+v", got)
	}
}

func TestPushAcceptsAnyOneTarget(t *testing.T) {
	for _, target := range []string{ // 17.A/A30
		`{"deviceIds":["d"]}`, `{"platforms":["A"]}`, `{"tagNames":["t"]}`, `{"userIds":["u"]}`, `{}`, `null`,
		`{"deviceIds":null,"tagNames":["t"]}`,
	} {
		s, authorization := newPush(t)
		a := push(t, s, pushPath, authorization, `{"message":{"alert":"x"},"target":`+target+`}`)
		if a.status != http.StatusAccepted {
			t.Errorf("target %s: answer is %d %s, want 202", target, a.status, a.body)
		}
	}
}

func TestPushRefuses(t *testing.T) {
	const body = `{"message":{"alert":"x"}}`
	insufficient := `Bearer error="insufficient_scope", scope="` + pushScope + `"`
	for _, row := range []struct {
		name, scope, path, body string // scope "" is no token at all
		variants                coretest.Variants
		status                  int
		challenge               string
	}{
		{"17.A/A31 no token", "", pushPath, body, coretest.Variants{}, 401, `Bearer`},
		{"17.A/A32 messages.write lacking", "push.application.com.acme.shop", pushPath, body, coretest.Variants{}, 403, insufficient},
		{"17.A/A32 the app lacking", "messages.write", pushPath, body, coretest.Variants{}, 403, insufficient},
		{
			"17.A/A32 another app's scope", "messages.write push.application.com.acme", pushPath, body,
			coretest.Variants{},
			403, insufficient,
		},
		{
			"17.A/A32 401 instead", "messages.write", pushPath, body,
			coretest.Variants{PushUnauthorized: true},
			401, insufficient,
		},
		{"17.A/A33 not JSON", pushScope, pushPath, `{"message":`, coretest.Variants{}, 400, ""},
		{"17.A/A33 not an object", pushScope, pushPath, `[` + body + `]`, coretest.Variants{}, 400, ""},
		{"17.A/A33 no message", pushScope, pushPath, `{}`, coretest.Variants{}, 400, ""},
		{"17.A/A33 no alert", pushScope, pushPath, `{"message":{"alert":""}}`, coretest.Variants{}, 400, ""},
		{"17.A/A33 an alert that is no text", pushScope, pushPath, `{"message":{"alert":1}}`, coretest.Variants{}, 400, ""},
		{
			"17.A/A33 two targets", pushScope, pushPath,
			`{"message":{"alert":"x"},"target":{"userIds":["u"],"tagNames":["t"]}}`,
			coretest.Variants{},
			400, "",
		},
		{
			"17.A/A34 an unknown app", "messages.write push.application.x", "/imfpush/v1/apps/x/messages", body,
			coretest.Variants{},
			404, "",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, _ := newPush(t)
			s.SetVariants(row.variants)
			authorization := ""
			if row.scope != "" {
				authorization = "Bearer " + obtain(t, s, "test", "test", row.scope)
			}
			a := push(t, s, row.path, authorization, row.body)
			if got := a.header.Get("WWW-Authenticate"); a.status != row.status || got != row.challenge {
				t.Errorf("answer is %d %q, want %d %q", a.status, got, row.status, row.challenge)
			}
			if got := s.Messages(pushApp); len(got) != 0 {
				t.Errorf("messages are %+v, want none", got)
			}
		})
	}
}

// 17.A/A31: a token that is not valid any more, or never was
func TestPushRefusesToken(t *testing.T) {
	s, authorization := newPush(t)
	s.Restart()
	for _, authorization := range []string{authorization, "Bearer nonsense"} {
		a := push(t, s, pushPath, authorization, hello)
		wantAnswer(t, a, http.StatusUnauthorized, "")
		if got := a.header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
			t.Errorf("WWW-Authenticate is %q", got)
		}
	}
}

// 17.A/A35: 405 is about the content type, oddly
func TestPushNegotiates(t *testing.T) {
	for _, row := range []struct {
		name, method, contentType, accept string
		status                            int
	}{
		{"JSON with a charset", "POST", "application/json; charset=UTF-8", "", 202},
		{"anything will do", "POST", "application/json", "text/html, */*;q=0.1", 202},
		{"any application type will do", "POST", "application/json", "application/*", 202},
		{"a form", "POST", formType, "", 405},
		{"no content type", "POST", "", "application/json", 405},
		{"only HTML will do", "POST", "application/json", "text/html", 406},
		{"another method", "PUT", "application/json", "", 405},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, authorization := newPush(t)
			r := newRequest(t, s, row.method, pushPath, authorization, hello)
			r.Header.Del("Content-Type")
			for name, value := range map[string]string{"Content-Type": row.contentType, "Accept": row.accept} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			a, err := do(s, r)
			if err != nil || a.status != row.status {
				t.Errorf("answer is %d %s, %v, want %d", a.status, a.body, err, row.status)
			}
			if got := len(s.Messages(pushApp)); (row.status == 202) != (got == 1) {
				t.Errorf("%d messages after a %d", got, row.status)
			}
		})
	}
}

func TestMessagesShowWhatWasSentTwice(t *testing.T) {
	s, authorization := newPush(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			push(t, s, pushPath, authorization, fmt.Sprintf(`{"message":{"alert":"%d"}}`, i%10))
		})
	}
	wg.Wait()
	s.Restart()
	s.AddApp(pushApp) // known already
	times, ids := map[string]int{}, map[string]bool{}
	for _, m := range s.Messages(pushApp) {
		times[m.Alert]++
		ids[m.ID] = true
	}
	if len(ids) != 20 || len(times) != 10 || times["7"] != 2 {
		t.Errorf("%d ids, alerts are %v", len(ids), times)
	}
	if got := s.Calls().Push; got != 20 {
		t.Errorf("%d pushes counted, want 20", got)
	}
}

func TestLoseAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, s *coretest.Server) {
		s.AddApp(pushApp)
		authorization := "Bearer " + obtain(t, s, "test", "test", pushScope)
		s.Inject(coretest.Push, 1, coretest.LoseAnswer())
		if _, err := do(s, pushRequest(t, s, pushPath, authorization, hello)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("error is %v, want a reset", err)
		}
		if got := s.Messages(pushApp); len(got) != 1 || got[0].Body != hello {
			t.Errorf("messages are %+v, want the one whose answer was lost", got)
		}
		s.Inject(coretest.Push, 1, coretest.Reset())
		if _, err := do(s, pushRequest(t, s, pushPath, authorization, hello)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("error is %v, want a reset", err)
		}
		if got := len(s.Messages(pushApp)); got != 1 {
			t.Errorf("%d messages after a reset before the service saw it, want still 1", got)
		}
	})
}
