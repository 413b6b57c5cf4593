package httpguard_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// verifier asks an authorization server that is reached without a socket.
func verifier(t testing.TB) (*core.Verifier, *coretest.Server) {
	t.Helper()
	as := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: as.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return v, as
}

// The text of core follows the name of the package. What else panics is part of the suite.
func TestPanicNamesThePackage(t *testing.T) {
	const want = "httpguard: core: the Verifier is nil: check the error of core.New"
	defer func() {
		if got := recover(); got != want {
			t.Errorf("panic %v, want %s", got, want)
		}
	}()
	httpguard.Require(nil, core.Authenticated())
}

// In HTTP/2 all names are in lower case, and there is still one challenge.
func TestHTTP2(t *testing.T) {
	v, as := verifier(t)
	server := httptest.NewUnstartedServer(httpguard.Require(v, core.AllOf("read"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := core.FromContext(r.Context())
		io.WriteString(w, p.ClientID())
	})))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for _, test := range []struct {
		name, token string
		status      int
		challenge   []string
		body        string
	}{
		{"no token", "", 401, []string{"Bearer"}, `{"error":"missing_token"}`},
		{"lacks the scope", as.Mint(coretest.Grant{}), 403, []string{`Bearer error="insufficient_scope", scope="read"`}, `{"error":"insufficient_scope"}`},
		{"a good token", as.Mint(coretest.Grant{ClientID: "c1", Scope: "read"}), 200, nil, "c1"},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		if test.token != "" {
			r.Header.Set("Authorization", "Bearer "+test.token)
		}
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.ProtoMajor != 2 || res.StatusCode != test.status || string(body) != test.body ||
			!slices.Equal(res.Header.Values("WWW-Authenticate"), test.challenge) {
			t.Errorf("%s: HTTP/%d %d %q %q %v, want HTTP/2 %d %q %q", test.name, res.ProtoMajor, res.StatusCode,
				res.Header.Values("WWW-Authenticate"), body, err, test.status, test.challenge, test.body)
		}
	}
}

// raw sends a request on a connection of its own and returns all that comes back until the server closes it.
func raw(t testing.TB, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, request)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
