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

// How soon our transports notice that a peer is gone.
const (
	dialTimeout      = 4 * time.Second // of all addresses of a name; net.Dialer gives each at least two
	handshakeTimeout = 2 * time.Second
	pingAfter        = 2 * time.Second // without a frame on an HTTP/2 connection
	pingTimeout      = 2 * time.Second // for the answer to the ping, before the connection counts as dead
)

var dialer = &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}

// NewTransport returns the default transport of a Client: proxies from the environment, TLS 1.2 or
// later, the next address of a name after two seconds, HTTP/2 connections closed four seconds
// after the last frame, and inFlight idle connections per host. It is no clone of
// http.DefaultTransport, because programs change that, and some turn off its certificate checks.
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

// unpooled returns a transport like rt that uses each connection once, or for a second with
// HTTP/2. It returns nil if rt is not an *http.Transport, or one of WithCertificate.
func unpooled(rt http.RoundTripper) *http.Transport {
	if c, ok := rt.(*certified); ok {
		return unpooled(c.current(connAge))
	}
	t, ok := rt.(*http.Transport)
	if !ok || t == nil {
		return nil
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = -1 // and not DisableKeepAlives, which would change the request
	t.IdleConnTimeout = time.Second
	return t
}

// OpenTransport is [NewTransport] with the certificates in the PEM file caFile as the only
// authorities. If caFile is empty, it trusts those of the system.
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

// readRoots reads a PEM file. The texts of its errors complete "CAFile ...". One damaged
// certificate is an error: without it, connections to some servers would fail for no visible
// reason.
func readRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	text = bytes.ReplaceAll(text, []byte("\uFEFF"), nil) // some editors put it there, and cat in between
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

// CheckTransport returns an error if rt does not verify its peer, or is a nil *http.Transport. It
// can check an *http.Transport only.
func CheckTransport(rt http.RoundTripper) error {
	t, ok := rt.(*http.Transport)
	if ok && t == nil {
		return errors.New("is a nil *http.Transport: for the default, pass nil itself")
	}
	if !ok || t.TLSClientConfig == nil {
		return nil
	}
	if t.TLSClientConfig.InsecureSkipVerify {
		return errors.New("sets InsecureSkipVerify, which lets anybody answer for the server: put its CA into RootCAs instead")
	}
	if v := t.TLSClientConfig.MinVersion; v != 0 && v < tls.VersionTLS12 {
		return errors.New("allows TLS below 1.2: raise MinVersion")
	}
	return nil
}
