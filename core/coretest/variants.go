package coretest

// Variants chooses between answers where the behavior of a server is not known, or not the same for
// all. The zero value is the best guess.
type Variants struct {
	// ClientError is what MobileFirst 8.0 answers to a token request with an unknown client, a wrong
	// secret or no credentials. Curity and RFC7662 answer 401 invalid_client.
	ClientError ClientError
	// RequireScope refuses a token request without a scope with 400 invalid_request. Otherwise the
	// server grants "RegisteredClient".
	RequireScope bool
	// OmitNulls omits the mfp-* members from the answer about a confidential client's token.
	// Otherwise they are null.
	OmitNulls bool
	// EmptyUsername makes the username of a confidential client's token "". Otherwise it is
	// "anonymous".
	EmptyUsername bool
	// PushUnauthorized refuses a push message with 401 if the token lacks a scope. Otherwise the
	// status is 403.
	PushUnauthorized bool
	// Validation7 is what MobileFirst 7.x answers about a token that is not valid.
	Validation7 Validation7
	// Milliseconds7 makes the "exp" of MobileFirst 7.x's answers milliseconds since the Unix epoch.
	// Otherwise it is in seconds.
	Milliseconds7 bool
	// JSONOnly makes Curity and RFC7662 answer in JSON, though the caller asked for a JWT.
	JSONOnly bool
	// UnsupportedJWT makes Curity and RFC7662 refuse introspections of JWTs with 400
	// unsupported_token_type, as servers do that do not store their JWTs.
	UnsupportedJWT bool
	// NoIntrospection401 makes Curity and RFC7662 answer 401 to a client that may not introspect.
	// Otherwise the status is 403.
	NoIntrospection401 bool
	// TestTokens7 makes MobileFirst 7.x a development server, whose token endpoint gives tokens to any
	// caller. Otherwise that endpoint answers 404.
	TestTokens7 bool
}

// ClientError is an answer to wrong client credentials.
type ClientError int

// The answers of the token endpoint to wrong client credentials.
const (
	// InvalidClient is 400 {"error":"invalid_client"}, and the zero value.
	InvalidClient ClientError = iota
	// Unauthorized is 401 with the same body.
	Unauthorized
	// UnauthorizedBasic is 401 with the same body and WWW-Authenticate: Basic.
	UnauthorizedBasic
	// InvalidClientID is 400 with the members errorCode (INVALID_CLIENT_ID) and errorMsg, as in
	// other MobileFirst services.
	InvalidClientID
	// EmptyBody is 400 with no body at all.
	EmptyBody
)

// SetVariants replaces all variants for the calls that follow.
func (s *Server) SetVariants(v Variants) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.variants = v
}

func (s *Server) currentVariants() Variants {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.variants
}
