package oauth_test

import (
	"testing"

	"github.com/mfpguard/mfpguard/internal/oauth"
	"github.com/mfpguard/mfpguard/internal/strictjson"
)

func TestErrorCode(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"none", `{"access_token":"x"}`, ""},
		{"a code of RFC 6749", `{"error":"invalid_scope"}`, "invalid_scope"}, // CC-24
		{"MobileFirst's", `{"errorCode":"INVALID_CLIENT_ID","errorMsg":"x"}`, "invalid_client"},
		{"another errorCode", `{"errorCode":"SOMETHING"}`, ""},
		{"what cannot be a code", `{"error":"Bearer eyJ.abc"}`, "unknown_error"}, // CC-27
		{"too long for a code", `{"error":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`, "unknown_error"},
		{"an empty one", `{"error":""}`, ""}, // JL-02
		{"a blank", `{"error":" "}`, "unknown_error"},
		{"not a string", `{"error":{"code":1}}`, "unknown_error"},
		{"null", `{"error":null}`, ""},                       // JL-02
		{"null for MobileFirst's", `{"errorCode":null}`, ""}, // JL-01
	} {
		o, err := strictjson.Parse([]byte(tt.answer))
		if err != nil {
			t.Fatal(err)
		}
		if got := oauth.ErrorCode(o); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
