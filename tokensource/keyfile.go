package tokensource

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// KeyFile returns a KeyFunc for a [ClientAssertion]: the private key in a PEM file (PKCS #8, PKCS
// #1 or SEC 1, not encrypted). It looks once a second at most whether the file has changed. While
// the file cannot be read, it returns the last good key, and nothing is logged; if there never was
// one, an error. It is safe for concurrent use.
func KeyFile(file string) func(context.Context) (crypto.Signer, error) {
	r := &rereading[crypto.Signer]{files: []string{file}, parse: func(contents [][]byte) (crypto.Signer, error) {
		key, err := parseKey(contents[0])
		if err != nil {
			return nil, fmt.Errorf("%s %w", file, err)
		}
		return key, nil
	}}
	return func(context.Context) (crypto.Signer, error) { return r.get() }
}

// CertificateFiles returns a function for [Config.ClientCertificate]: the certificate in a PEM
// file, with its chain if the server needs that, and the private key in another one or in the same.
// It looks once a second at most whether the files have changed. While they cannot be read or do
// not fit each other, it returns the last good certificate, and nothing is logged; if there never
// was one, an error. It is safe for concurrent use.
func CertificateFiles(certFile, keyFile string) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	r := &rereading[*tls.Certificate]{files: []string{certFile, keyFile}, parse: func(contents [][]byte) (*tls.Certificate, error) {
		if _, err := parseKey(contents[1]); err != nil {
			return nil, fmt.Errorf("%s %w", keyFile, err)
		}
		cert, err := tls.X509KeyPair(contents[0], contents[1])
		if err != nil {
			return nil, fmt.Errorf("%s with the key in %s: %w", certFile, keyFile, err)
		}
		return &cert, nil
	}}
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return r.get() }
}

// parseKey returns the first private key in a PEM text. An error contains nothing of the text.
func parseKey(text []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
			return nil, errors.New("has an encrypted key: decrypt it, as with openssl pkey -in key.pem -out plain.pem")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return parseKeyBlock(block)
		}
	}
	return nil, errors.New("has no private key in it: want PEM, which begins with -----BEGIN PRIVATE KEY-----")
}

func parseKeyBlock(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, errors.New("has a key of another format: convert it, as with openssl pkey -in key.pem -out plain.pem")
	}
	if err != nil { // its text might describe the key
		return nil, errors.New("has a damaged private key: export it again")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("has a key that cannot sign: want RSA, ECDSA or Ed25519")
	}
	return signer, nil
}
