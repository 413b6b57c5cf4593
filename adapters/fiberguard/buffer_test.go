package fiberguard_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/mfpguard/mfpguard/adapters/fiberguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// BT-60: a request that leaves before its answer gives its buffers back, while the question about its token goes on. The next
// request on the connection writes another token of the same length into the same place: the question must not change.
func TestAbandonedQuestionKeepsItsToken(t *testing.T) {
	v, as := verifier(t)
	asked, release := make(chan struct{}), make(chan struct{})
	as.Inject(coretest.Token, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		close(asked)
		<-release // the question is put together after this
		next.ServeHTTP(w, r)
	})
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: fiberguard.ErrorHandler})
	app.Get("/impatient", func(c *fiber.Ctx) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			<-asked
			cancel()
		}()
		c.SetUserContext(ctx)
		return c.Next()
	}, fiberguard.Require(v, core.Authenticated()))
	app.Get("/unguarded", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) })

	conn, err := net.Dial("tcp", start(t, app))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(conn)
	ask := func(path, token string, want int) {
		t.Helper()
		io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "+token+"\r\n\r\n")
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		if res.StatusCode != want {
			t.Fatalf("%s: status %d, want %d", path, res.StatusCode, want)
		}
	}
	mine, other := strings.Repeat("a", 40), strings.Repeat("b", 40)
	ask("/impatient", mine, http.StatusServiceUnavailable)
	for range 10 {
		ask("/unguarded", other, http.StatusOK)
	}
	close(release)
	// The same token again joins the question that is under way, or comes after it.
	guard, err := v.Guard(core.Authenticated())
	if err != nil {
		t.Fatal(err)
	}
	if _, d := guard.Authorize(t.Context(), core.Request{Authorization: []string{"Bearer " + mine}}); d == nil || d.Status != http.StatusUnauthorized {
		t.Errorf("denial %+v, want status 401", d)
	}
	requests := as.Requests(coretest.Introspection)
	if len(requests) != 1 || requests[0].Form.Get("token") != mine {
		t.Errorf("asked %+v, want one question, about %s", requests, mine)
	}
}

// MW-06: a question that outlives its request does not read the values of the request's context, which Fiber uses again for the
// next request. The race detector watches.
func TestAbandonedQuestionLeavesTheValuesAlone(t *testing.T) {
	type key struct{}
	as := coretest.New()
	asked, release, last := make(chan any, 1), make(chan struct{}), make(chan any)
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/introspection") {
			return as.Transport().RoundTrip(r)
		}
		asked <- r.Context().Value(key{})
		for {
			select {
			case <-release:
				last <- r.Context().Value(key{})
				return as.Transport().RoundTrip(r)
			default:
				r.Context().Value("local")
			}
		}
	})
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: fiberguard.ErrorHandler})
	var found any
	app.Get("/impatient", func(c *fiber.Ctx) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			found = <-asked
			cancel()
		}()
		c.SetUserContext(impatient{ctx, context.WithValue(c.Context(), key{}, "value")})
		return c.Next()
	}, fiberguard.Require(v, core.Authenticated()))
	app.Get("/other", func(c *fiber.Ctx) error {
		c.Locals("local", c.Path())
		return c.SendStatus(fiber.StatusOK)
	})
	requests := "GET /impatient HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + strings.Repeat("a", 40) + "\r\n\r\n" +
		strings.Repeat("GET /other HTTP/1.1\r\nHost: h\r\n\r\n", 20)
	answer := raw(t, start(t, app), requests)
	close(release)
	if got := <-last; found != "value" || got != nil {
		t.Errorf("the question saw %v, and %v when its request was over, want value and nothing", found, got)
	}
	if !strings.HasPrefix(answer, "HTTP/1.1 503 ") || strings.Count(answer, "HTTP/1.1 200 ") != 20 {
		t.Errorf("got\n%s\nwant 503 and then 20 times 200", answer)
	}
}

// impatient has the values of another context. (Had it that one for a parent, its cancel function would read the values, too.)
type impatient struct {
	context.Context
	values context.Context
}

func (i impatient) Value(key any) any { return i.values.Value(key) }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
