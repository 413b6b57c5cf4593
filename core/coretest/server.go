package coretest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// maxBody bounds the request body the server reads.
const maxBody = 1 << 20

// Server is an authorization server for tests. Make one with [New], [NewServer] or [NewTLSServer];
// the zero value does not work. It is an [http.Handler], so another server can contain it.
//
// Server is safe for concurrent use, but Start, Down, Up and Close must be called one after the
// other. It holds no lock while it answers a call.
type Server struct {
	// URL is the base of the host without a trailing slash, such as "http://127.0.0.1:41234". It is
	// "https://mfp.invalid" for a server without a listener. Start changes it. Write it only before
	// the first call, and only if another server contains this one: tokens and metadata name it.
	URL string

	client   *http.Client // what Client returns
	security *security    // nil unless TLS; never changes after the constructor

	mu   sync.Mutex // guards what follows
	idle *sync.Cond // on mu: no call and no accept loop is left

	calls     map[*call]bool // in progress
	accepting int            // accept loops
	listener  net.Listener
	listening *http.Server
	down      bool
	closed    bool

	only     Dialect       // 0: all
	keys     []*signingKey // for JWTs, the current one first; made when one is needed
	header   string        // the first part of every token of this key, see Restart
	offset   time.Duration
	lifetime time.Duration // 0: the dialect's own
	variants Variants
	clients  map[string]Client
	grants   map[string]*grant // by token
	answers  map[string]string // by token, see SetAnswer
	disabled map[string]bool   // by device id
	conflict int

	assertions map[[2]string]bool // client and "jti" of each assertion that was used

	resources   map[string]resource  // by path
	messages    map[string][]Message // by app, see AddApp
	lastMessage int

	faults [endpoints][]scripted
	record [endpoints]record
}

// call is one request in progress.
type call struct {
	cancel   context.CancelFunc
	endpoint Endpoint
	arrived  bool
}

// New returns a server without a listener. Clients reach it through [Server.Transport],
// [Server.Client] or [Server.ServeHTTP]. It needs no socket and starts no goroutine of its own, so
// it works in a testing/synctest bubble; create it inside the bubble. Its URL is
// https://mfp.invalid, a name that never resolves.
func New() *Server {
	s := &Server{
		URL:        "https://mfp.invalid",
		header:     newKeyHeader(),
		clients:    make(map[string]Client),
		grants:     make(map[string]*grant),
		answers:    make(map[string]string),
		disabled:   make(map[string]bool),
		assertions: make(map[[2]string]bool),
		resources:  make(map[string]resource),
		messages:   make(map[string][]Message),
		calls:      make(map[*call]bool),
	}
	for _, c := range predefined {
		s.clients[c.ID] = c
	}
	s.idle = sync.NewCond(&s.mu)
	s.client = &http.Client{Transport: s.Transport()}
	return s
}

// BaseURL returns the base URL of the runtime: URL followed by "/mfp/api". Resource servers are
// configured with it.
func (s *Server) BaseURL() string { return s.URL + apiPath }

// ServeHTTP answers one call. It records the request and calls the [Fault] that is scripted for it,
// or the endpoint if there is none. While the server is down it aborts every call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	endpoint, serve := s.find(r.URL.Path)
	c := &call{cancel: cancel, endpoint: endpoint}
	if o, ok := w.(*stream); ok {
		c.cancel = o.cancel // also ends a Write that waits for the client
	}
	if !s.begin(c) {
		panic(http.ErrAbortHandler)
	}
	defer s.end(c)

	// Read the whole body first: net/http notices that a client has left only after that.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.PostForm = nil
	if isForm(r) {
		r.PostForm, _ = url.ParseQuery(string(body))
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(s, w, r) })
	chain(s.arrive(c, newRequest(r, body)), handler).ServeHTTP(w, r)
}

// begin admits a call, unless the server is down.
func (s *Server) begin(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return false
	}
	s.calls[c] = true
	return true
}

// arrive counts and records a call whose body has been read. It returns the faults for the call.
func (s *Server) arrive(c *call, r Request) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.arrived = true
	s.record[c.endpoint].add(r)
	return s.nextFaults(c.endpoint)
}

func (s *Server) end(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c)
	if c.arrived {
		s.record[c.endpoint].current--
	}
	s.idle.Broadcast()
}
