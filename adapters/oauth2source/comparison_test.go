package oauth2source_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"golang.org/x/oauth2"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// A side is one of the two libraries, at the same server and with the same client.
type side struct {
	token  func(context.Context) error // gets a token
	client *http.Client                // calls an API with it
}

func sides(t testing.TB, srv *coretest.Server) [2]side {
	t.Helper()
	ctx, c := theirs(context.Background(), srv)
	ts := c.TokenSource(ctx)
	src := ours(t, srv)
	return [2]side{
		{
			token:  func(context.Context) error { _, err := ts.Token(); return err },
			client: &http.Client{Transport: &oauth2.Transport{Source: ts, Base: srv.Client().Transport}},
		},
		{
			token:  func(ctx context.Context) error { _, err := src.Token(ctx); return err },
			client: &http.Client{Transport: src.Transport(srv.Client().Transport)},
		},
	}
}

// A result is one line of the table: a number for each side, and what it means.
type result struct {
	what   string
	values [2]string
}

// TestComparison measures this module's token source beside golang.org/x/oauth2 and prints a table (go test -v). It fails
// when ours does not keep what it promises; x/oauth2's numbers are only shown.
func TestComparison(t *testing.T) {
	var table []result
	table = append(table, coldStart(t)...)
	table = append(table, outage(t)...)
	table = append(table, hang(t)...)
	table = append(table, aDay(t)...)
	table = append(table, redirect(t)...)
	w := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tx/oauth2\tmfpguard")
	for _, r := range table {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.what, r.values[0], r.values[1])
	}
	_ = w.Flush()
}

// crowd lets n callers ask for a token at once, and returns how long each waited.
func crowd(n int, token func() error) []time.Duration {
	var mu sync.Mutex
	var waited []time.Duration
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range n {
		wg.Go(func() {
			<-start
			begun := time.Now()
			_ = token()
			mu.Lock()
			defer mu.Unlock()
			waited = append(waited, time.Since(begun))
		})
	}
	close(start)
	wg.Wait()
	return waited
}

// coldStart is twenty callers who come at once for the first token. On sockets: x/oauth2 waits for a mutex, in which time does
// not pass in a bubble.
func coldStart(t *testing.T) []result {
	r := result{what: "20 callers, no token yet: token requests"}
	for i := range r.values {
		srv := coretest.NewServer()
		srv.Inject(coretest.Token, coretest.Always, coretest.Delay(50*time.Millisecond))
		s := sides(t, srv)[i]
		crowd(20, func() error { return s.token(t.Context()) })
		r.values[i] = fmt.Sprint(srv.Calls().Token)
		if n := srv.Calls().Token; i == 1 && n != 1 {
			t.Errorf("%d token requests for 20 callers, want 1", n)
		}
		srv.Close()
	}
	return []result{r}
}

// outage is the same twenty callers while the server answers 503 after 50 ms, and again right afterwards.
func outage(t *testing.T) []result {
	requests := result{what: "20 callers, server answers 503 after 50 ms: token requests"}
	longest := result{what: "  longest wait"}
	again := result{what: "  20 more at once afterwards: token requests"}
	for i := range requests.values {
		srv := coretest.NewServer()
		srv.Inject(coretest.Token, coretest.Always, coretest.Delay(50*time.Millisecond), coretest.Status(503))
		s := sides(t, srv)[i]
		waited := slices.Max(crowd(20, func() error { return s.token(t.Context()) }))
		first := srv.Calls().Token
		crowd(20, func() error { return s.token(t.Context()) })
		second := srv.Calls().Token - first
		requests.values[i], again.values[i] = fmt.Sprint(first), fmt.Sprint(second)
		longest.values[i] = waited.Round(10 * time.Millisecond).String()
		if i == 1 && (first > 2 || second != 0) {
			t.Errorf("%d token requests and then %d, want at most 2 and none", first, second)
		}
		srv.Close()
	}
	return []result{requests, longest, again}
}

// hang is one caller with a deadline of 100 ms at a server that does not answer; the HTTP client of x/oauth2 gives up after
// a second.
func hang(t *testing.T) []result {
	r := result{what: "server hangs, caller has 100 ms: it waits"}
	for i := range r.values {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			srv.Client().Timeout = time.Second
			srv.Inject(coretest.Token, coretest.Always, coretest.Hang())
			s := sides(t, srv)[i]
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			begun := time.Now()
			_ = s.token(ctx)
			waited := time.Since(begun)
			r.values[i] = waited.String()
			if i == 1 && waited != 100*time.Millisecond {
				t.Errorf("the caller waited %v, want its own 100ms", waited)
			}
			time.Sleep(10 * time.Second) // our fetch ends by its own clock
		})
	}
	return []result{r}
}

// aDay is a call every ten seconds for twenty-four hours; the token endpoint takes a second, and at a quarter past noon the
// server restarts with another key.
func aDay(t *testing.T) []result {
	const calls = 8640
	requests := result{what: fmt.Sprintf("a day, %d calls, one restart of the server: token requests", calls)}
	late := result{what: "  calls that waited for a token"}
	failed := result{what: "  calls that failed"}
	for i := range requests.values {
		synctest.Test(t, func(t *testing.T) {
			srv := coretest.New()
			srv.Protect("/adapters/a", "orders.read")
			srv.Inject(coretest.Token, coretest.Always, coretest.Delay(time.Second))
			s := sides(t, srv)[i]
			var waited, lost int
			for n := range calls {
				if n == calls/2+90 {
					srv.Restart()
				}
				begun := time.Now()
				res, err := s.client.Get(srv.BaseURL() + "/adapters/a")
				if err != nil || res.StatusCode != 200 {
					lost++
				}
				if err == nil {
					_ = res.Body.Close()
				}
				if time.Since(begun) > 0 {
					waited++
				}
				time.Sleep(10*time.Second - time.Since(begun))
			}
			requests.values[i], late.values[i], failed.values[i] = fmt.Sprint(srv.Calls().Token), fmt.Sprint(waited), fmt.Sprint(lost)
			if i == 1 && (waited > 2 || lost > 0) {
				t.Errorf("%d calls waited and %d failed, want the first and the one after the restart to wait, and none to fail", waited, lost)
			}
		})
	}
	return []result{requests, late, failed}
}

// redirect is an API that redirects to another host.
func redirect(t *testing.T) []result {
	r := result{what: "redirect to another host: it gets the token"}
	for i := range r.values {
		var got atomic.Value
		evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got.Store(r.Header.Get("Authorization"))
			_, _ = io.WriteString(w, "thanks")
		}))
		api := httptest.NewServer(http.RedirectHandler(evil.URL, http.StatusTemporaryRedirect))
		srv := coretest.NewServer()
		res, err := sides(t, srv)[i].client.Get(api.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		leaked := got.Load() != ""
		r.values[i] = map[bool]string{true: "yes", false: "no"}[leaked]
		if i == 1 && leaked {
			t.Error("the token followed the redirect")
		}
		srv.Close()
		api.Close()
		evil.Close()
	}
	return []result{r}
}
