package httpguard_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
)

func refusing(t *testing.T, hook func(http.ResponseWriter, *http.Request, *core.Denial)) http.Handler {
	t.Helper()
	v, _ := verifier(t)
	return httpguard.Require(v, core.Authenticated(), httpguard.Config{ErrorHandler: hook})(http.NotFoundHandler())
}

// MW-04: however a hook begins to write, the header that is sent is the denial's.
func TestHookBeginsWithTheDenialsHeader(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"Write":                   func(w http.ResponseWriter) { w.Write(nil) },
		"WriteString":             func(w http.ResponseWriter) { io.WriteString(w, "") },
		"io.Copy":                 func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("-")) },
		"http.Flusher":            func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"http.ResponseController": func(w http.ResponseWriter) { http.NewResponseController(w).Flush() },
		"an informational status": func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints) },
	} {
		server := httptest.NewServer(refusing(t, func(w http.ResponseWriter, _ *http.Request, _ *core.Denial) {
			begin(w)
			io.WriteString(w, "hook")
		}))
		answer := raw(t, server.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		server.Close()
		answer = strings.TrimPrefix(answer, "HTTP/1.1 103 Early Hints\r\nCache-Control: no-store\r\nContent-Type: application/json\r\nWww-Authenticate: Bearer\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 401 ") || !strings.Contains(answer, "\r\nWWW-Authenticate: Bearer\r\n") ||
			strings.Contains(answer, "Www-") || strings.Contains(answer, "missing_token") || !strings.Contains(answer, "hook") {
			t.Errorf("%s: got\n%s\nwant 401 with the challenge and the body of the hook", name, answer)
		}
	}
}

// MW-04: a hook may assign to the map, as the package documentation says for tests.
func TestHookMayAssignToTheMap(t *testing.T) {
	w := httptest.NewRecorder()
	refusing(t, func(w http.ResponseWriter, _ *http.Request, _ *core.Denial) {
		w.Header()["WWW-Authenticate"] = []string{"Bearer realm=x"}
		w.WriteHeader(http.StatusUnauthorized)
	}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	//lint:ignore SA1008 the spelling is the point
	if got := w.Header()["WWW-Authenticate"]; len(got) != 1 || got[0] != "Bearer realm=x" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("header %q, want one challenge, the hook's", w.Header())
	}
}

func TestNilHandlerPanics(t *testing.T) {
	v, _ := verifier(t)
	defer func() {
		if got := recover(); got != "httpguard: the next handler is nil" {
			t.Errorf("panic %v", got)
		}
	}()
	httpguard.Require(v, core.Authenticated())(nil)
}

// compressed is what the writer of a simple compressor does: it encodes all that is written.
type compressed struct {
	http.ResponseWriter
	gz *gzip.Writer
}

func (c compressed) Write(b []byte) (int, error) { return c.gz.Write(b) }

func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		gz := gzip.NewWriter(w)
		defer gz.Close()
		next.ServeHTTP(compressed{w, gz}, r)
	})
}

// MW-03: behind a simple compressor the body is encoded, so the field stays. Without one a field that a layer in front has set
// is a mistake of that layer, and goes.
func TestContentEncoding(t *testing.T) {
	v, _ := verifier(t)
	refused := httpguard.Require(v, core.Authenticated())(http.NotFoundHandler())
	hook := refusing(t, func(w http.ResponseWriter, _ *http.Request, _ *core.Denial) {
		io.WriteString(w, `{"error":"missing_token"}`)
	})
	labelled := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			next.ServeHTTP(w, r)
		})
	}
	for name, h := range map[string]http.Handler{
		"a compressor in front": compress(refused), "a compressor in front of a hook": compress(hook),
		"a label in front": labelled(refused), "a label in front of a hook": labelled(hook),
	} {
		server := httptest.NewServer(h)
		res, err := server.Client().Get(server.URL) // decodes
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		server.Close()
		if err != nil || res.StatusCode != 401 || string(body) != `{"error":"missing_token"}` || res.Uncompressed != strings.HasPrefix(name, "a compressor") {
			t.Errorf("%s: %d %q %v, uncompressed: %v", name, res.StatusCode, body, err, res.Uncompressed)
		}
	}
}
