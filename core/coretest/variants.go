package coretest

// Variants chooses among answers where what is known of MobileFirst leaves several. The zero value is the best guess.
type Variants struct {
	// ClientError is the answer to a token request with an unknown client, a wrong secret or no credentials.
	ClientError ClientError
	// RequireScope refuses a token request without a scope with 400 invalid_request, instead of granting
	// "RegisteredClient".
	RequireScope bool
	// OmitNulls leaves the mfp-* members out of the answer about a confidential client's token, instead of giving null.
	OmitNulls bool
	// EmptyUsername gives the username of a confidential client's token as "" instead of "anonymous".
	EmptyUsername bool
	// PushUnauthorized refuses a push message by a token that lacks a scope with 401 instead of 403.
	PushUnauthorized bool
}

// ClientError is a way to say that a client's credentials are wrong.
type ClientError int

// The ways the token endpoint may refuse a client.
const (
	// InvalidClient is 400 {"error":"invalid_client"}, and the zero value.
	InvalidClient ClientError = iota
	// Unauthorized is 401 with the same body.
	Unauthorized
	// UnauthorizedBasic is 401 with the same body and WWW-Authenticate: Basic.
	UnauthorizedBasic
	// InvalidClientID is 400 with errorCode INVALID_CLIENT_ID and an errorMsg, the form of the other MobileFirst services.
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
