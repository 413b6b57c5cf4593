// Package oauth reads what the answers of all OAuth endpoints have in common.
package oauth

import (
	"strings"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// ErrorCode returns the error code of an answer, "" if it has none: "error" of RFC 6749 section 5.2, or MobileFirst's
// errorCode. What does not look like a code is "unknown_error", because it might be anything, our secret included.
func ErrorCode(answer strictjson.Object) string {
	if id, _, err := answer.String("errorCode"); err == nil && id == "INVALID_CLIENT_ID" {
		return "invalid_client"
	}
	code, present, err := answer.String("error")
	if !present && err == nil {
		return ""
	}
	if err != nil || code == "" || len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "unknown_error"
	}
	return code
}
