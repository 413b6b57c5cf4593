package interop_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// front is a proxy. It passes each request on, and says 503 in place of the first answer. So the
// server has seen the first assertion, and takes it no more.
type front struct {
	*server
	mu         sync.Mutex
	assertions []string
	statuses   []int // that the server answered
}

func newFront(t *testing.T, s *server) *front {
	t.Helper()
	f := &front{}
	to, err := url.Parse(s.issuer)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		f.request(r)
	}, ModifyResponse: f.answer})
	t.Cleanup(h.Close)
	f.server = &server{
		name: s.name, issuer: s.issuer,
		token: h.URL + strings.TrimPrefix(s.token, s.issuer), introspection: h.URL + strings.TrimPrefix(s.introspection, s.issuer),
	}
	return f
}

// request notes the assertion.
func (f *front) request(r *httputil.ProxyRequest) {
	body, _ := io.ReadAll(r.In.Body)
	r.Out.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.assertions = append(f.assertions, form.Get("client_assertion"))
}

// answer notes the status, and replaces the first one.
func (f *front) answer(res *http.Response) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.statuses = append(f.statuses, res.StatusCode)
	if len(f.statuses) == 1 {
		res.StatusCode = http.StatusServiceUnavailable
	}
	return nil
}

// want fails the test unless the server has taken two assertions.
func (f *front) want(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.assertions) != 2 || f.assertions[0] == "" || f.assertions[0] == f.assertions[1] {
		t.Errorf("the assertions are %q, want two", f.assertions)
	}
	if len(f.statuses) != 2 || f.statuses[0] != http.StatusOK || f.statuses[1] != http.StatusOK {
		t.Errorf("the server answered %d, want 200 twice", f.statuses)
	}
}
