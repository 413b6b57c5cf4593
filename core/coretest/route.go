package coretest

import "net/http"

// The base paths of the dialects.
const (
	apiPath      = "/mfp/api"                          // of the runtime "mfp" of MobileFirst 8.0
	projectPath  = "/mfp"                              // of the project "mfp" of MobileFirst 7.x
	curityPath   = "/oauth/v2"                         // of the token profile of Curity
	curityIssuer = curityPath + "/oauth-anonymous"     // and of its issuer
	rfc7662Path  = "/oauth2"                           // of the plain OAuth server
	openID       = "/.well-known/openid-configuration" // behind an issuer
)

// route is an endpoint with a fixed path.
type route struct {
	dialect  Dialect
	endpoint Endpoint
	path     string
	serve    serve
}

// serve answers a call.
type serve = func(*Server, http.ResponseWriter, *http.Request)

// in makes a handler of one that serves several dialects.
func in(d Dialect, f func(*Server, Dialect, http.ResponseWriter, *http.Request)) serve {
	return func(s *Server, w http.ResponseWriter, r *http.Request) { f(s, d, w, r) }
}

// routes is no variable, since some handlers look things up in it.
func routes() []route {
	return []route{
		{MobileFirst8, Token, apiPath + "/az/v1/token", (*Server).serveToken},
		{MobileFirst8, Introspection, apiPath + "/az/v1/introspection", (*Server).serveIntrospection},
		{MobileFirst7, Introspection, projectPath + "/authorization/v1/token/validation", (*Server).serveValidation},
		{MobileFirst7, Token, projectPath + "/authorization/v1/testtoken", (*Server).serveTestToken},
		{MobileFirst7, Keys, projectPath + "/authorization/v1/publickey", (*Server).servePublicKey},
		{Curity, Token, curityPath + "/oauth-token", in(Curity, (*Server).serveOAuthToken)},
		{Curity, Introspection, curityPath + "/oauth-introspect", in(Curity, (*Server).serveOAuthIntrospection)},
		{Curity, Keys, curityIssuer + "/jwks", (*Server).serveKeys},
		{Curity, Metadata, curityIssuer + openID, in(Curity, (*Server).serveMetadata)},
		{RFC7662, Token, rfc7662Path + "/token", in(RFC7662, (*Server).serveOAuthToken)},
		{RFC7662, Introspection, rfc7662Path + "/introspect", in(RFC7662, (*Server).serveOAuthIntrospection)},
		{RFC7662, Keys, rfc7662Path + "/jwks", (*Server).serveKeys},
		{RFC7662, Metadata, "/.well-known/oauth-authorization-server", in(RFC7662, (*Server).serveMetadata)},
		{RFC7662, Metadata, openID, in(RFC7662, (*Server).serveMetadata)},
	}
}

// find returns the endpoint of a path, and its handler.
func (s *Server) find(path string) (Endpoint, serve) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range routes() {
		if r.path == path && s.speaks(r.dialect) {
			return r.endpoint, r.serve
		}
	}
	if _, ok := pushApp(path); ok && s.speaks(MobileFirst8) {
		return Push, (*Server).servePush
	}
	if p, ok := s.resources[path]; ok && s.speaks(p.dialect) {
		if p.dialect == MobileFirst7 {
			return Resource, (*Server).serveRealms
		}
		return Resource, (*Server).serveResource
	}
	return Other, (*Server).serveNotFound
}
