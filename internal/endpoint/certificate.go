package endpoint

import (
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/internal/contain"
)

// connAge is how long a connection with a client certificate carries new requests. HTTP/2 would use
// one connection, and the certificate that was valid at its start, as long as requests come.
const connAge = 5 * time.Minute

// GetCertificate returns the certificate that a new connection presents, as the field
// GetClientCertificate of tls.Config.
type GetCertificate func(*tls.CertificateRequestInfo) (*tls.Certificate, error)

// WithCertificate makes t, which must be new, present the certificate that get returns for each new
// connection. A panic of get or of its key is an error.
func WithCertificate(t *http.Transport, get GetCertificate, panics *contain.Hook) http.RoundTripper {
	t.TLSClientConfig.GetClientCertificate = get.contained(panics)
	return &certified{base: t, since: time.Now()}
}

func (get GetCertificate) contained(panics *contain.Hook) GetCertificate {
	return func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		var cert *tls.Certificate
		err := errors.New("it panicked")
		panics.Call(func() { cert, err = get(info) })
		switch {
		case err != nil:
			return nil, fmt.Errorf("getting the client certificate: %w", err)
		case cert == nil:
			return nil, errors.New("getting the client certificate: there is none")
		}
		contained := *cert
		if key, ok := cert.PrivateKey.(crypto.Signer); ok {
			contained.PrivateKey = panics.Signer(key)
		}
		return &contained, nil
	}
}

// certified is a transport whose connections carry no new requests after connAge, or after a 401: a
// server judges the certificate that the connection began with. It is safe for concurrent use.
type certified struct {
	mu    sync.Mutex
	base  *http.Transport
	since time.Time
	idle  Idle // for how often a 401 counts
}

// RoundTrip implements http.RoundTripper.
func (c *certified) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.current(connAge).RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusUnauthorized && c.idle.due() {
		c.current(0)
	}
	return res, err
}

// CloseIdleConnections closes the connections that are not in use.
func (c *certified) CloseIdleConnections() { c.current(connAge).CloseIdleConnections() }

// current returns the transport for a new request. One that is as old as age is replaced, and
// closes its connections when they become idle.
func (c *certified) current(age time.Duration) *http.Transport {
	c.mu.Lock()
	base, old := c.base, (*http.Transport)(nil)
	if now := time.Now(); now.Sub(c.since) >= age {
		old = base
		base = old.Clone()
		c.base, c.since = base, now
	}
	c.mu.Unlock()
	if old != nil {
		old.CloseIdleConnections()
	}
	return base
}
