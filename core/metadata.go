package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// Metadata is what an authorization server publishes about itself. [Discover] returns it. It never
// changes: do not change its fields.
type Metadata struct {
	// Issuer is the server's issuer identifier, exactly as in DiscoverConfig.Issuer.
	Issuer string
	// IntrospectionURL, TokenURL and JWKSURL are endpoints, "" where the document names none.
	IntrospectionURL, TokenURL, JWKSURL string
	// TLSIntrospectionURL and TLSTokenURL are the endpoints for clients that authenticate with a TLS
	// certificate (RFC 8705 section 5), "" if these are the same.
	TLSIntrospectionURL, TLSTokenURL string
	// IntrospectionAuthMethods are the ways in which a client can authenticate at IntrospectionURL,
	// for instance "private_key_jwt". "Bearer" is an access token. Nil means that the document has no
	// such list.
	IntrospectionAuthMethods []string
	// TokenAuthMethods are those at TokenURL. A document without such a list means
	// "client_secret_basic".
	TokenAuthMethods []string
	// IntrospectionAlgs are the algorithms of signed introspection answers (RFC 9701), without
	// "none" and those with a shared secret. Nil means that the document has no such list. If all
	// of its algorithms are of these kinds, it is empty and not nil.
	IntrospectionAlgs []string

	from *discovery
}

// Refresh reads the metadata again and returns it. Callers share a request, and a second passes
// between two requests; meanwhile Refresh returns what the first one brought. After a failure the
// next request comes a second later at the earliest, which doubles up to 30 seconds.
//
// With an error, Refresh returns the last metadata that was good. That may be newer than m. A
// Verifier that New has made keeps the addresses that it has: make another if they have changed.
//
// A request ends with the last of its callers. Refresh is safe for concurrent use.
func (m *Metadata) Refresh(ctx context.Context) (*Metadata, error) {
	if m == nil || m.from == nil {
		return m, errors.New("core: Metadata.Refresh needs metadata that core.Discover has returned")
	}
	return m.from.refresh(ctx)
}

// maxShown bounds what an error shows of a document.
const maxShown = 100

// readMetadata reads a metadata document (RFC 8414 section 2, OpenID Connect Discovery 1.0 section
// 3). It must be of this issuer, code point by code point. Each endpoint must be in a place that h
// allows.
func readMetadata(body []byte, issuer string, h *hosts) (*Metadata, error) {
	o, err := strictjson.Parse(body)
	if err != nil {
		return nil, err
	}
	m := &Metadata{}
	if m.Issuer, _, err = o.String("issuer"); err != nil {
		return nil, err
	}
	if m.Issuer != issuer {
		return nil, fmt.Errorf("its issuer is %.*q, want exactly %q", maxShown, m.Issuer, issuer)
	}
	aliases, _, err := o.Object("mtls_endpoint_aliases")
	if err != nil {
		return nil, err
	}
	if err := m.readEndpoints(o, aliases, h); err != nil {
		return nil, err
	}
	return m, m.readLists(o)
}

// readEndpoints reads the members that are addresses. An error names all that are wrong.
func (m *Metadata) readEndpoints(o, aliases strictjson.Object, h *hosts) error {
	var wrong []string
	for _, e := range []struct {
		name string
		in   strictjson.Object
		at   string
		to   *string
	}{
		{"introspection_endpoint", o, "", &m.IntrospectionURL},
		{"token_endpoint", o, "", &m.TokenURL},
		{"jwks_uri", o, "", &m.JWKSURL},
		{"introspection_endpoint", aliases, "mtls_endpoint_aliases: ", &m.TLSIntrospectionURL},
		{"token_endpoint", aliases, "mtls_endpoint_aliases: ", &m.TLSTokenURL},
	} {
		address, _, err := e.in.String(e.name)
		if err == nil && address != "" {
			if err = h.check(address); err != nil {
				err = fmt.Errorf("%s %w", e.name, err)
			}
		}
		if err != nil {
			wrong = append(wrong, e.at+err.Error())
		}
		*e.to = address
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

// readLists reads the members that are lists of names.
func (m *Metadata) readLists(o strictjson.Object) error {
	for _, l := range []struct {
		name string
		to   *[]string
	}{
		{"introspection_endpoint_auth_methods_supported", &m.IntrospectionAuthMethods},
		{"token_endpoint_auth_methods_supported", &m.TokenAuthMethods},
		{"introspection_signing_alg_values_supported", &m.IntrospectionAlgs},
	} {
		list, _, err := o.Strings(l.name)
		if err != nil {
			return err
		}
		if len(list) > 0 { // RFC 8414 section 3.2: an empty list is none
			*l.to = list
		}
	}
	if m.TokenAuthMethods == nil {
		m.TokenAuthMethods = []string{clientSecretBasic}
	}
	m.IntrospectionAlgs = slices.DeleteFunc(m.IntrospectionAlgs, func(alg string) bool {
		return strings.EqualFold(alg, "none") || strings.HasPrefix(strings.ToUpper(alg), "HS")
	})
	return nil
}
