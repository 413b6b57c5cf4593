// Package oauth reads the parts that the answers of all OAuth endpoints share.
package oauth

import (
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// ErrorCode returns the error code of an answer, "" if it has none. It is the member "error" of
// RFC 6749 section 5.2, or MobileFirst's errorCode. An empty one is none. A code that is not a
// known one becomes "unknown_error": the server might have copied our secret into it.
func ErrorCode(answer strictjson.Object) string {
	if id, _, err := answer.String("errorCode"); err == nil && id == "INVALID_CLIENT_ID" {
		return "invalid_client"
	}
	code, present, err := answer.String("error")
	if err == nil && (!present || code == "") {
		return ""
	}
	switch code {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
		"access_denied", "server_error", "temporarily_unavailable", "invalid_target", "unsupported_token_type", // RFC 6749, 8707, 7009
		"invalid_token", "insufficient_scope", // RFC 6750
		"scope_invalid", "request_unauthorized": // glewlwyd, ory/fosite
		return code
	}
	return "unknown_error"
}
