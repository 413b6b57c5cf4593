package core_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// listen serves each connection with serve on loopback and returns the address.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// at returns a Verifier that asks http://addr/introspect with the default transport.
func at(t *testing.T, addr string, change ...func(*core.Config)) *core.Verifier {
	t.Helper()
	return verifier(t, core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{IntrospectionURL: "http://" + addr + "/introspect", AnyAudience: true}),
		ClientID: "rs1", ClientSecret: "s3cret",
	}, change...)
}

// IN-37, A59, A60, BCP-10: no redirect is followed, wherever it leads, and the token goes nowhere else.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var elsewhere atomic.Int64
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			elsewhere.Add(1)
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, active)
		}))
		t.Cleanup(other.Close)
		otherHost := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
		for _, endpoint := range []coretest.Endpoint{coretest.Token, coretest.Introspection} {
			for name, target := range map[string]string{"another port": other.URL, "another host": otherHost, "the same host": ""} {
				t.Run(fmt.Sprintf("%d of the %s endpoint to %s", status, endpoint, name), func(t *testing.T) {
					srv := coretest.NewServer()
					defer srv.Close()
					if target == "" {
						target = srv.URL + "/elsewhere"
					}
					srv.Inject(endpoint, coretest.Always, coretest.Redirect(status, target))
					v := verifier(t, core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"})
					_, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
					if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), "redirects are not followed") {
						t.Errorf("got %s because of %v", outcome(d), d.Cause)
					}
					if elsewhere.Load() != 0 || srv.Calls().Other != 0 {
						t.Errorf("%d requests went elsewhere, %d to another path", elsewhere.Load(), srv.Calls().Other)
					}
				})
			}
		}
	}
}

// IN-27, A68: an answer that is too long, before or after decompression, is cut off and no answer.
func TestOversizeAnswers(t *testing.T) {
	for name, faults := range map[string][]coretest.Fault{
		"long":      {coretest.Oversize(64 << 20)},
		"gzip bomb": {coretest.Gzip(), coretest.Oversize(64 << 20)},
	} {
		t.Run(name, func(t *testing.T) {
			srv := coretest.NewServer()
			defer srv.Close()
			v := verifier(t, core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Timeout: time.Minute})
			authorize(t.Context(), v, bearer("warm"), core.Authenticated())
			srv.Inject(coretest.Introspection, 1, faults...)
			tok := srv.Mint(coretest.Grant{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, d := authorize(t.Context(), v, bearer(tok), core.Authenticated())
			runtime.ReadMemStats(&after)
			if outcome(d) != "503" || !strings.Contains(d.Cause.Error(), "size limit") {
				t.Errorf("got %s: %v", outcome(d), d)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
				t.Errorf("it cost %d MiB of memory", grown>>20)
			}
			if _, d := authorize(t.Context(), v, bearer(tok), core.Authenticated()); d != nil {
				t.Errorf("then got %s: %v", outcome(d), d.Cause)
			}
		})
	}
	t.Run("gzip that is not a bomb", func(t *testing.T) {
		srv := coretest.NewServer()
		defer srv.Close()
		v := verifier(t, core.Config{Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test"})
		srv.Inject(coretest.Introspection, coretest.Always, coretest.Gzip())
		if _, d := authorize(t.Context(), v, bearer(srv.Mint(coretest.Grant{})), core.Authenticated()); d != nil {
			t.Errorf("got %s: %v", outcome(d), d.Cause)
		}
	})
}
