package tokensource

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// NewTransport returns what a nil Transport in a Config, here or in package core, stands for, for programs that wrap it: TLS
// 1.2 or later, proxies from the environment, no compression, and limits by which a dead peer is noticed within seconds: the
// next address of a name is tried after two, and an HTTP/2 connection is given up after four without a sign of life.
//
// If caFile is not empty, the certificates in that PEM file are trusted and no others. It is read now and not again.
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

// shared is the base of all Transports that have none of their own, so that they share connections.
var shared = sync.OnceValue(func() *http.Transport {
	t := endpoint.NewTransport(idleConns)
	t.DisableCompression = false // answers of an API may be long
	t.MaxResponseHeaderBytes = 0
	return t
})
