package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
	"github.com/mfpguard/mfpguard/internal/flight"
)

// maxMetadata bounds a metadata document, in bytes.
const maxMetadata = 256 << 10

// How long after a request the next one may come.
const (
	metadataPause      = time.Second // doubles with each failure
	maxMetadataBackoff = 30 * time.Second
)

// discovery reads the metadata of one issuer, and remembers the last good one. All Metadata that it
// has returned share it.
type discovery struct {
	issuer  string
	openID  bool
	hosts   *hosts
	url     string // of the document
	timeout time.Duration
	client  *endpoint.Client
	own     *http.Transport // nil if the transport is the program's
	flights flight.Group[struct{}, *Metadata]

	mu       sync.Mutex
	begun    int       // requests
	last     *Metadata // nil until the first good one
	failed   error     // of the last request, nil if it was good
	failures int       // in a row
	next     time.Time // when a request may come
}

// connect sets what asks for the document at url.
func (d *discovery) connect(url string, transport http.RoundTripper) {
	d.url = url
	d.client = endpoint.New(endpoint.Options{URL: url, Transport: transport, MaxBody: maxMetadata})
	d.flights.Timeout = d.timeout
}

// refresh returns the newest metadata. With an error it returns the last good one, nil if there is
// none.
func (d *discovery) refresh(ctx context.Context) (*Metadata, error) {
	m, _, err := d.flights.Do(ctx, struct{}{}, time.Time{}, d.fetch)
	if err == nil {
		return m, nil
	}
	if _, ok := errors.AsType[*EndpointError](err); !ok { // it did not end by itself
		failed := d.fail(nil, err)
		if ctx.Err() != nil {
			failed.Hint = "" // the time of the caller was over
		}
		err = failed
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last, fmt.Errorf("core: %w", err)
}

// fetch reads the document, unless it is too early for that. It is a flight that never says that it
// is sent: so it ends with its last caller.
func (d *discovery) fetch(ctx context.Context, _ func()) (m *Metadata, err error) {
	id, m, err := d.begin()
	if id == 0 {
		return m, err
	}
	m, err = nil, errors.New("DiscoverConfig.Transport panicked")
	defer func() { d.end(ctx, id, m, err) }()
	m, err = d.read(ctx)
	return m, err
}

// begin returns the number of the request that may be sent now. Zero means none: then m and err are
// what the last one brought.
func (d *discovery) begin() (id int, m *Metadata, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	wait := time.Until(d.next)
	if wait <= 0 {
		d.begun++
		return d.begun, nil, nil
	}
	if d.failed == nil {
		return 0, d.last, nil
	}
	err = d.failed
	if e, ok := errors.AsType[*EndpointError](err); ok {
		again := *e
		again.RetryAfter = wait
		err = &again
	}
	return 0, nil, err
}

// end notes what a request has brought, unless a later one was begun. A request that was cancelled
// because its callers left shows nothing.
func (d *discovery) end(ctx context.Context, id int, m *Metadata, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case id != d.begun:
	case err == nil:
		d.last, d.failed, d.failures = m, nil, 0
		d.next = time.Now().Add(metadataPause)
	case errors.Is(ctx.Err(), context.Canceled):
	default:
		wait := min(metadataPause<<min(d.failures, 10), maxMetadataBackoff)
		if e, ok := errors.AsType[*EndpointError](err); ok {
			wait = max(wait, e.RetryAfter)
		}
		d.failed = err
		d.failures++
		d.next = time.Now().Add(wait)
	}
}

// read sends the request and reads the answer. An error is an *EndpointError.
func (d *discovery) read(ctx context.Context) (*Metadata, error) {
	if d.own != nil {
		defer d.own.CloseIdleConnections() // each has two goroutines
	}
	res, err := d.client.Get(ctx, "application/json")
	if err != nil {
		return nil, d.fail(nil, err)
	}
	if res.Status != http.StatusOK {
		return nil, d.fail(res, nil)
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return nil, d.fail(res, errors.New("the answer's Content-Type is not application/json"))
	}
	m, err := readMetadata(res.Body, d.issuer, d.hosts)
	if err != nil {
		return nil, d.fail(res, fmt.Errorf("the document cannot be used: %w", err))
	}
	m.from = d
	return m, nil
}

// fail is the error for an answer that cannot be used, or for none.
func (d *discovery) fail(res *endpoint.Response, cause error) *EndpointError {
	e := &EndpointError{Endpoint: "metadata", URL: d.url, Err: cause}
	if res == nil {
		e.Hint = endpoint.Hint(cause, 0)
		if errors.Is(cause, context.DeadlineExceeded) {
			e.Hint = fmt.Sprintf("DiscoverConfig.Timeout is %v: check that the server can be reached, or raise it", d.timeout)
		}
		return e
	}
	e.Status = res.Status
	e.RetryAfter = endpoint.RetryAfter(res.Header, time.Now(), maxMetadataBackoff)
	switch {
	case res.Status >= 300 && res.Status < 400:
		e.Hint = "it redirects, and redirects are not followed: check the issuer"
	case res.Status == http.StatusNotFound && d.openID:
		e.Hint = "no metadata is there: check the issuer, or leave DiscoverConfig.OpenID unset for the place of RFC 8414"
	case res.Status == http.StatusNotFound:
		e.Hint = "no metadata is there: check the issuer, or set DiscoverConfig.OpenID for the place of OpenID Connect"
	}
	return e
}
