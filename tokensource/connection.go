package tokensource

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// NewTransport returns the transport that a nil Transport in a Config means, here and in package
// core. A program calls it to wrap the result. It has TLS 1.2 or later, proxies from the
// environment, and no compression. A dead peer is noticed within seconds: the next address of a
// name is tried after two seconds, and an HTTP/2 connection is closed after four seconds without a
// frame.
//
// If caFile is not empty, only the certificates in that PEM file are trusted. NewTransport reads
// the file once.
//
//	base, err := tokensource.NewTransport("/etc/ssl/our-ca.pem")
//	if err != nil {
//		return err
//	}
//	config.Transport = otelhttp.NewTransport(base)
func NewTransport(caFile string) (*http.Transport, error) {
	t, err := endpoint.OpenTransport(idleConns, caFile)
	if err != nil {
		return nil, fmt.Errorf("tokensource: the CA file %w", err)
	}
	return t, nil
}

const idleConns = 64 // for each host

// shared returns the base of all Transports that were given none. So they share its connections.
var shared = sync.OnceValue(func() *http.Transport {
	t := endpoint.NewTransport(idleConns)
	t.DisableCompression = false // answers of an API may be long
	t.MaxResponseHeaderBytes = 0
	return t
})
