package endpoint

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// How soon a transport of ours notices that a peer is gone.
const (
	dialTimeout      = 4 * time.Second // of all addresses of a name; net.Dialer gives each at least two
	handshakeTimeout = 2 * time.Second
	pingAfter        = 2 * time.Second // without a frame on an HTTP/2 connection
	pingTimeout      = 2 * time.Second // for the answer to the ping, before the connection counts as dead
)

var dialer = &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}

// NewTransport returns the transport that the clients use unless told otherwise: proxies from the environment, TLS 1.2 or
// later, the next address tried after two seconds, HTTP/2 connections given up four seconds after the last sign of life, and
// as many idle connections per host as there are calls in flight. It is no clone of http.DefaultTransport, which programs
// replace, and whose certificate checks some turn off.
func NewTransport(inFlight int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxIdleConns:           2 * inFlight,
		MaxIdleConnsPerHost:    inFlight,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// unpooled is a transport like rt that uses each connection once (one of HTTP/2: for a second), or nil if there is none.
func unpooled(rt http.RoundTripper) *http.Transport {
	t, ok := rt.(*http.Transport)
	if !ok || t == nil {
		return nil
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = -1 // and not DisableKeepAlives, which would change the request
	t.IdleConnTimeout = time.Second
	return t
}

// OpenTransport is NewTransport that trusts the certificates in the PEM file caFile and no others. The empty string means the
// system's.
func OpenTransport(inFlight int, caFile string) (*http.Transport, error) {
	t := NewTransport(inFlight)
	if caFile == "" {
		return t, nil
	}
	roots, err := readRoots(caFile)
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig.RootCAs = roots
	return t, nil
}

// readRoots reads a PEM file. Its errors complete "CAFile …". A certificate that cannot be read is an error, too: a server
// that is trusted on some days only is hard to explain.
func readRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // some editors put it there
	roots := x509.NewCertPool()
	found := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		found++
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d in it is damaged (%w): export it again", file, found, err)
		}
		roots.AddCert(cert)
	}
	if found == 0 {
		return nil, fmt.Errorf("%s has no certificate in it: want PEM, which begins with -----BEGIN CERTIFICATE-----", file)
	}
	return roots, nil
}

// Hint says what to look at after a transport error, or "".
func Hint(err error) string {
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return "the server's certificate is from an authority that is not trusted here: name its PEM file in CAFile (MFPGUARD_CA_FILE)"
	}
	return ""
}
