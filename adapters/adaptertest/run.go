package adaptertest

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/internal/canary"
)

// run sends the request of a row on a new connection and judges the answer. Then it sends one more
// request on that connection.
func (f *fixture) run(t *testing.T, r row) exchange {
	t.Helper()
	s := f.last
	if !r.again {
		s = newSubject(r.token, r.size)
		f.last = s
	}
	c := dial(t, f.addr)
	defer c.conn.Close()
	x, own := f.exchange(t, c, r, s)
	var problems []string
	if !slices.ContainsFunc(r.want, func(o outcome) bool {
		problem := f.profile.judge(o, x)
		problems = append(problems, outcomes[o].name+": "+problem)
		return problem == ""
	}) {
		t.Errorf("%s\n%s", strings.Join(problems, "\n"), clip(c.seen.String()))
	}
	f.scan(t, c, x, append(own, s.canary, string(secret)))
	if x.response != nil && !x.response.closes && !r.ends && !strings.HasSuffix(r.line, "HTTP/1.0") {
		f.reuse(t, c, slices.Contains(r.want, byServer))
	}
	return x
}

// exchange sends a request and waits for the answer. It also returns the tokens of the service
// itself that were used meanwhile.
func (f *fixture) exchange(t *testing.T, c *client, r row, s subject) (x exchange, own []string) {
	t.Helper()
	answer := f.profile.answer(s.user, "read write")
	if r.says != nil {
		r.says(answer)
	}
	f.as.SetAnswer(s.token, encode(answer))
	if r.as != nil {
		r.as(f.as, s.token)
	}
	granted, _ := answer["scope"].(string)
	x = exchange{need: scopes[r.path()], head: strings.HasPrefix(r.line, "HEAD "), who: f.profile.principal(s.user, granted), retry: "5"}
	if r.retry != "" {
		x.retry = r.retry
	}
	before, ran := f.as.Calls(), f.ran.Load()
	c.send(r.request(s.token))
	if r.ends {
		c.conn.(*net.TCPConn).CloseWrite()
	}
	var err error
	if x.response, err = c.receive(x.head); err != nil {
		t.Fatal(err)
	}
	if x.response != nil && x.response.closes {
		c.drain()
	}
	after := f.as.Calls()
	x.ran = int(f.ran.Load() - ran)
	x.asks = after.Introspection - before.Introspection
	x.quiet = after == before
	return x, f.asked(t, x.asks, s.token)
}

// ownQuestion is the token about which core asks to find out whether the endpoint fails for all
// tokens.
const ownQuestion = "mfpguard-readiness-probe"

// asked checks that the last n questions were about token (BT-01, BT-27). Core's own question is
// permitted. It returns the service's own tokens in these questions.
func (f *fixture) asked(t *testing.T, n int, token string) (own []string) {
	t.Helper()
	all := f.as.Requests(coretest.Introspection)
	for _, q := range all[len(all)-n:] {
		if got := q.Form["token"]; !slices.Equal(got, []string{token}) && !slices.Equal(got, []string{ownQuestion}) {
			t.Errorf("asked about %q, want %q", got, token)
		}
		if _, t, ok := strings.Cut(q.Header.Get("Authorization"), " "); ok {
			own = append(own, t)
		}
	}
	return own
}

// scan looks for secrets in the answer, the log and the trace. The user's name contains the canary,
// so that only the handler's own answer may show the user.
func (f *fixture) scan(t *testing.T, c *client, x exchange, secrets []string) {
	t.Helper()
	answer := c.seen.String()
	if x.ran == 1 && x.response != nil {
		answer = strings.Replace(answer, x.who, "", 1)
	}
	if s := canary.Find(answer, secrets...); s != "" {
		t.Errorf("the answer shows %q:\n%s", s, clip(answer))
	}
	said := f.watch.Take()
	if s := canary.Find(said, secrets...); s != "" {
		t.Errorf("the log or a trace shows %q:\n%s", s, said)
	}
}

// reused is the route of the second request on a connection.
const reused = "/optional"

// reuse sends a request without a token on the same connection. The request before must not leave
// bytes or a principal behind. If that request was malformed, the server may refuse this one or
// close the connection.
func (f *fixture) reuse(t *testing.T, c *client, unreadable bool) {
	t.Helper()
	c.send("GET " + reused + " HTTP/1.1" + crlf + "Host: rs.test" + crlf + crlf)
	again, err := c.receive(false)
	switch {
	case unreadable && (again == nil || again.status == http.StatusBadRequest):
	case err != nil:
		t.Errorf("the next request on the connection: %v", err)
	case again == nil:
		t.Error("the server has closed the connection without announcing it")
	case again.status != http.StatusOK || again.body != "anonymous":
		t.Errorf("the next request on the connection, without a token: status %d, body %q, want 200 and anonymous", again.status, again.body)
	}
}

func clip(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "..."
	}
	return s
}
