package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mfpguard/mfpguard/internal/selfsigned"
)

// certificate returns a certificate for loopback, and makes this process trust it. Our transport
// takes its roots from the system. On Linux and the BSDs they are read once, from the file that
// this environment variable names.
var certificate = sync.OnceValues(func() (tls.Certificate, error) {
	now := time.Now()
	c, err := selfsigned.Certificate(now.Add(-time.Hour), now.Add(24*time.Hour), "127.0.0.1")
	if err != nil {
		return tls.Certificate{}, err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return tls.Certificate{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Leaf.Raw}), 0o600); err != nil {
		return tls.Certificate{}, err
	}
	if err := os.Setenv("SSL_CERT_FILE", file); err != nil {
		return tls.Certificate{}, err
	}
	_, err = x509.SystemCertPool() // reads the file
	return c, err
})

// listen serves on a port of loopback, with TLS and HTTP/2 or without both.
func listen(secure bool, server *http.Server) (l net.Listener, scheme string, err error) {
	if secure {
		c, err := certificate()
		if err != nil {
			return nil, "", err
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	}
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, "", err
	}
	if !secure {
		go func() { _ = server.Serve(l) }()
		return l, "http://", nil
	}
	go func() { _ = server.ServeTLS(l, "", "") }()
	return l, "https://", nil
}
