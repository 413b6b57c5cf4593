package tokensource_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// body is an answer's body that counts what is read of it, and behaves as read and shut say.
type body struct {
	read func(closed <-chan struct{}) (int, error)
	shut func()

	mu     sync.Mutex
	bytes  int
	closes int
	closed chan struct{}
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.read(b.closed)
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, len(p))
	b.bytes += n
	return n, err
}

func (b *body) Close() error {
	b.mu.Lock()
	b.closes++
	if b.closes == 1 {
		close(b.closed)
	}
	b.mu.Unlock()
	if b.shut != nil {
		b.shut()
	}
	return nil
}

// CN-05: an answer that is thrown away is drained for 100 ms and 64 KiB at most, then closed, and holds nobody.
func TestAnAnswerThatIsThrownAwayHoldsNobody(t *testing.T) {
	forever := make(chan struct{})
	endless := func(<-chan struct{}) (int, error) { return 1 << 10, nil }
	tests := []struct {
		name string
		read func(closed <-chan struct{}) (int, error)
		shut func()
		most time.Duration
	}{
		{"one that ends", func(<-chan struct{}) (int, error) { return 0, io.EOF }, nil, 0},
		{"one that breaks", func(<-chan struct{}) (int, error) { return 0, io.ErrUnexpectedEOF }, nil, 0},
		{"one that never ends", endless, nil, 0},
		{"one that trickles", func(<-chan struct{}) (int, error) { time.Sleep(10 * time.Millisecond); return 1, nil }, nil, 100 * time.Millisecond},
		{"one that stalls until it is closed", func(closed <-chan struct{}) (int, error) { <-closed; return 0, errors.New("closed") }, nil, 100 * time.Millisecond},
		{"one that stalls for ever", func(<-chan struct{}) (int, error) { <-forever; return 0, io.EOF }, nil, 100 * time.Millisecond},
		{"one that stalls in Close", endless, func() { <-forever }, 100 * time.Millisecond},
		{"one that stalls in both", func(<-chan struct{}) (int, error) { <-forever; return 0, io.EOF }, func() { <-forever }, 100 * time.Millisecond},
		{"one that panics in Read", func(<-chan struct{}) (int, error) { panic("canary") }, nil, 0},
		{"one that panics in Close", endless, func() { panic("canary") }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				forever = make(chan struct{})
				b := &body{read: tt.read, shut: tt.shut, closed: make(chan struct{})}
				refused := status(401, authenticate, invalidToken)
				refused.Body, refused.ContentLength = b, -1
				base := &api{answers: []*http.Response{refused, status(200)}}
				rt := newSource(t, config(coretest.New())).Transport(base)
				begun := time.Now()
				res, err := rt.RoundTrip(httptest.NewRequest(http.MethodGet, "https://api.invalid/a", nil))
				if took := time.Since(begun); err != nil || res.StatusCode != 200 || took > tt.most {
					t.Errorf("RoundTrip = %v, %v after %v, want the second answer within %v", res, err, took, tt.most)
				}
				synctest.Wait()
				b.mu.Lock()
				if b.closes != 1 || b.bytes > 64<<10 {
					t.Errorf("the body was closed %d times after %d bytes", b.closes, b.bytes)
				}
				b.mu.Unlock()
				close(forever)
				time.Sleep(time.Second)
			})
		})
	}
}

// CN-05, on sockets: a 401 whose body never ends costs its connection and 100 ms.
func TestAnEndlessAnswerOnSockets(t *testing.T) {
	as := coretest.NewServer()
	defer as.Close()
	over := make(chan struct{})
	var mu sync.Mutex
	var tokens []string
	resource := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		tokens = append(tokens, r.Header.Get("Authorization"))
		first := len(tokens) == 1
		mu.Unlock()
		if !first {
			return
		}
		w.Header().Set("WWW-Authenticate", invalidToken)
		w.WriteHeader(http.StatusUnauthorized)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	defer resource.Close()
	defer close(over)
	c := config(as)
	c.Transport = nil
	begun := time.Now()
	res, err := (&http.Client{Transport: newSource(t, c).Transport(nil)}).Get(resource.URL)
	if err != nil || res.StatusCode != 200 || time.Since(begun) > 5*time.Second {
		t.Fatalf("Get = %v, %v after %v", res, err, time.Since(begun))
	}
	_ = res.Body.Close()
	if len(tokens) != 2 || tokens[0] == tokens[1] {
		t.Errorf("%d requests, want two with different tokens", len(tokens))
	}
}

// CN-02 for Source.Transport: after a call without an answer idle connections are closed, and nothing is repeated.
func TestTransportClosesIdleConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, closed := 0, 0
		base := &idler{roundTrip: func(*http.Request) (*http.Response, error) { calls++; return nil, io.EOF }, closed: &closed}
		client := &http.Client{Transport: tokensource.Static("t").Transport(base)}
		for range 100 {
			if _, err := client.Post("https://api.invalid/a", "text/plain", http.NoBody); !errors.Is(err, io.EOF) {
				t.Errorf("Post: %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if calls != 100 || closed != 10 {
			t.Errorf("%d calls for 100 requests, idle connections closed %d times in 10 s", calls, closed)
		}
		base.roundTrip = func(*http.Request) (*http.Response, error) { return status(500), nil }
		closed = 0
		time.Sleep(time.Second)
		if _, err := client.Get("https://api.invalid/a"); err != nil || closed != 0 {
			t.Errorf("Get: %v; an answer closed idle connections %d times", err, closed)
		}
		client.CloseIdleConnections()
		if closed != 1 {
			t.Error("CloseIdleConnections does not reach the base")
		}
	})
}

// idler is a transport that counts how often its idle connections were closed.
type idler struct {
	roundTrip
	closed *int
}

func (i *idler) CloseIdleConnections() { *i.closed++ }

// The Transports without a base share one, which is not http.DefaultTransport.
func TestTransportOfOurOwn(t *testing.T) {
	old := http.DefaultTransport
	defer func() { http.DefaultTransport = old }()
	http.DefaultTransport = roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("not for you")
	})
	var conns sync.Map
	resource := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { conns.Store(r.RemoteAddr, true) }))
	defer resource.Close()
	for range 3 {
		res, err := (&http.Client{Transport: tokensource.Static("t").Transport(nil)}).Get(resource.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	n := 0
	conns.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d connections for three Transports, want 1", n)
	}
}
