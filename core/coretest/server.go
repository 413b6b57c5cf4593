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

// Server is an authorization server for tests. Make one with [New], [NewServer] or [NewTLSServer]; the zero value is not
// usable. It is an [http.Handler], so it can also be mounted in a server of the caller's own.
//
// All methods may be called at any time and by several goroutines at once, except that Start, Down, Up and Close are to be
// called one after the other. No lock is held while a call is answered.
type Server struct {
	// URL is the base of the host, without a trailing slash: "http://127.0.0.1:41234", or "https://mfp.invalid" for a
	// server without a listener. Start changes it; do not write it.
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

	header   string // the first part of every token of this key, see Restart
	offset   time.Duration
	lifetime time.Duration
	variants Variants
	clients  map[string]Client
	grants   map[string]*grant // by token
	answers  map[string]string // by token, see SetAnswer
	disabled map[string]bool   // by device id
	conflict int

	resources   map[string][]string  // the scope of a protected path
	messages    map[string][]Message // by app, see AddApp
	lastMessage int

	faults [endpoints][]scripted
	record [endpoints]record
}

// A call is one request being answered.
type call struct {
	cancel   context.CancelFunc
	endpoint Endpoint
	arrived  bool
}

// New returns a server without a listener, to be reached through [Server.Transport] or [Server.ServeHTTP]. It uses no
// socket and starts no goroutine of its own, so it works in a testing/synctest bubble, where it is best created inside the
// bubble. Its URL is https://mfp.invalid, a name that never resolves.
func New() *Server {
	s := &Server{
		URL:       "https://mfp.invalid",
		header:    newKeyHeader(),
		lifetime:  defaultLifetime,
		clients:   make(map[string]Client),
		grants:    make(map[string]*grant),
		answers:   make(map[string]string),
		disabled:  make(map[string]bool),
		resources: make(map[string][]string),
		messages:  make(map[string][]Message),
		calls:     make(map[*call]bool),
	}
	for _, c := range predefined {
		s.clients[c.ID] = c
	}
	s.idle = sync.NewCond(&s.mu)
	s.client = &http.Client{Transport: s.Transport()}
	return s
}

// BaseURL is what a resource server is configured with: URL followed by the runtime "mfp" and "/api".
func (s *Server) BaseURL() string { return s.URL + apiPath }

// ServeHTTP answers one call: it records the request, then lets the scripted [Fault] answer if there is one, and the
// endpoint otherwise. While the server is down it aborts every call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &call{cancel: cancel, endpoint: s.endpointOf(r.URL.Path)}
	if o, ok := w.(*stream); ok {
		c.cancel = o.cancel // also ends a Write that waits for the client
	}
	if !s.begin(c) {
		panic(http.ErrAbortHandler)
	}
	defer s.end(c)

	// The whole body is read before anything is answered: net/http notices that a client left only after that.
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
	chain(s.arrive(c, newRequest(r, body)), s.endpoint(c.endpoint)).ServeHTTP(w, r)
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

// arrive counts and records a call whose body has been read, and says which faults it meets.
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

// endpoint is the handler that answers calls of e when no fault is scripted.
func (s *Server) endpoint(e Endpoint) http.Handler {
	switch e {
	case Token:
		return http.HandlerFunc(s.serveToken)
	case Introspection:
		return http.HandlerFunc(s.serveIntrospection)
	case Resource:
		return http.HandlerFunc(s.serveResource)
	case Push:
		return http.HandlerFunc(s.servePush)
	default:
		return http.HandlerFunc(serveNotFound)
	}
}
