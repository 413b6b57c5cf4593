package coretest

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// way is how a caller says who it is.
type way struct {
	id string
	// complaint returns what is wrong with the proof that this is the client, or "".
	complaint func(*Server, Client) string
}

// identify returns the client of a request to Curity or an RFC 7662 server. It answers the call if
// there is none.
func (s *Server) identify(d Dialect, w http.ResponseWriter, r *http.Request) (Client, bool) {
	ways := waysOf(d, r)
	if len(ways) > 1 {
		writeError(w, http.StatusBadRequest, "invalid_request")
		return Client{}, false
	}
	complaint := "no credentials"
	if len(ways) == 1 {
		s.mu.Lock()
		c, ok := s.clients[ways[0].id]
		s.mu.Unlock()
		complaint = "unknown client"
		if ok {
			complaint = ways[0].complaint(s, c)
		}
		if complaint == "" {
			return c, true
		}
	}
	if d == RFC7662 || r.Header.Get("Authorization") != "" {
		setAuthenticate(w, "Basic")
	}
	answer := map[string]string{"error": "invalid_client"}
	if d == RFC7662 {
		answer["error_description"] = complaint
	}
	writeJSON(w, http.StatusUnauthorized, answer)
	return Client{}, false
}

// waysOf returns all ways that a request uses. RFC 6749 section 2.3 permits one.
func waysOf(d Dialect, r *http.Request) (ways []way) {
	id := r.PostForm.Get("client_id")
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Basic") {
		ways = append(ways, basicWay(r))
	}
	if r.PostForm.Has("client_secret") {
		ways = append(ways, secretWay(id, r.PostForm.Get("client_secret")))
	}
	if d != RFC7662 {
		return ways
	}
	if r.PostForm.Has("client_assertion") || r.PostForm.Has("client_assertion_type") {
		ways = append(ways, assertionWay(r))
	}
	if len(ways) == 0 && id != "" {
		ways = append(ways, certificateWay(id, r))
	}
	return ways
}

// basicWay decodes what RFC 6749 section 2.3.1 encodes.
func basicWay(r *http.Request) way {
	id, secret, ok := r.BasicAuth()
	if ok {
		var errID, errSecret error
		id, errID = url.QueryUnescape(id)
		secret, errSecret = url.QueryUnescape(secret)
		ok = errID == nil && errSecret == nil
	}
	if !ok {
		return secretWay("", "")
	}
	return secretWay(id, secret)
}

func secretWay(id, secret string) way {
	return way{id, func(_ *Server, c Client) string {
		if c.Secret == "" || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
			return "wrong secret"
		}
		return ""
	}}
}

// certificateWay is tls_client_auth of RFC 8705, with a DNS name. Who signed the certificate is not
// checked.
func certificateWay(id string, r *http.Request) way {
	return way{id, func(s *Server, c Client) string {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			return "no certificate"
		}
		leaf, now := r.TLS.PeerCertificates[0], s.now()
		switch {
		case c.CertificateName == "" || !slices.Contains(leaf.DNSNames, c.CertificateName):
			return "a certificate of another name"
		case now.Before(leaf.NotBefore) || now.After(leaf.NotAfter):
			return "a certificate that is not valid now"
		}
		return ""
	}}
}
