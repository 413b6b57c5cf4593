package coretest

import (
	"encoding/base64"
	"net/http"
)

// serveKeys answers with the key set (RFC 7517).
func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request) {
	if !isGet(w, r) {
		return
	}
	set := make([]map[string]string, 0, 2)
	for _, k := range s.publishedKeys() {
		set = append(set, map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
			"e": k.exponent(), "n": base64.RawURLEncoding.EncodeToString(k.modulus()),
		})
	}
	writePublic(w, map[string]any{"keys": set})
}

// serveMetadata answers what RFC 8414 and OpenID Connect Discovery describe.
func (s *Server) serveMetadata(d Dialect, w http.ResponseWriter, r *http.Request) {
	if !isGet(w, r) {
		return
	}
	methods := []string{"client_secret_basic", "client_secret_post"}
	if d == RFC7662 {
		methods = append(methods, "private_key_jwt", "tls_client_auth")
	}
	issuer := s.Issuer(d)
	m := map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/authorize", // never served
		"token_endpoint":                        s.EndpointURL(d, Token),
		"introspection_endpoint":                s.EndpointURL(d, Introspection),
		"jwks_uri":                              s.EndpointURL(d, Keys),
		"grant_types_supported":                 []string{"client_credentials"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}
	for _, endpoint := range []string{"token", "introspection"} {
		m[endpoint+"_endpoint_auth_methods_supported"] = methods
		if d == RFC7662 {
			m[endpoint+"_endpoint_auth_signing_alg_values_supported"] = []string{"RS256", "PS256", "ES256", "EdDSA"}
		}
	}
	if d == RFC7662 {
		m["introspection_signing_alg_values_supported"] = []string{"RS256"}
	}
	writePublic(w, m)
}

// writePublic answers with what may be cached.
func writePublic(w http.ResponseWriter, v any) {
	w.Header()["Cache-Control"] = nil
	writeJSON(w, http.StatusOK, v)
}
