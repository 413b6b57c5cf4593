package coretest

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/mfpguard/mfpguard/internal/selfsigned"
)

// security is the TLS side of a server: its configuration, and the pool that trusts it.
type security struct {
	server *tls.Config
	pool   *x509.CertPool
}

// newSecurity makes a self-signed certificate for the loopback addresses.
func newSecurity() *security {
	now := time.Now()
	cert, err := selfsigned.Certificate(now.Add(-time.Hour), now.AddDate(10, 0, 0), "localhost", "127.0.0.1", "::1")
	if err != nil {
		panic(err)
	}
	return &security{
		server: &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert},
		pool:   selfsigned.Pool(cert),
	}
}
