package adaptertest

import (
	"strconv"
	"strings"
)

// sourceRows put the token where an adapter must not look for it, and send fields that it must not
// trust.
var sourceRows = []row{
	{id: "BT-24 BCP-06 A53", name: "a token in the query", line: "GET /any?access_token=TOKEN HTTP/1.1", want: to(noToken)},
	{id: "BT-27 A53", name: "another token in the query", line: "GET /any?access_token=TOKEN2 HTTP/1.1", fields: bearer, want: to(accepted)},
	{id: "BT-27 A54", name: "a token in a form", line: "POST /any HTTP/1.1", fields: form("access_token=TOKEN"), body: "access_token=TOKEN", want: to(noToken), size: formToken},
	{id: "BT-27 A54", name: "a token in the query of a form", line: "POST /any?access_token=TOKEN HTTP/1.1", fields: form(""), want: to(noToken)},
	{id: "BT-39", name: "a token in a cookie", fields: "Cookie: access_token=TOKEN; Authorization=Bearer TOKEN\r\n", want: to(noToken)},
	{id: "BT-40", name: "a token in X-Access-Token", fields: "X-Access-Token: TOKEN\r\n", want: to(noToken)},
	{id: "BT-40", name: "a token in Proxy-Authorization", fields: "Proxy-Authorization: Bearer TOKEN\r\n", want: to(noToken)},
	{id: "BT-40", name: "a token in X-Forwarded-Authorization", fields: "X-Forwarded-Authorization: Bearer TOKEN\r\n", want: to(noToken)},
	{id: "BT-40 A49", name: "a field name with an underscore", fields: "Authorization_: Bearer TOKEN\r\n", want: to(noToken, byServer)},
	{id: "BT-40", name: "a token in a trailer", line: "POST /any HTTP/1.1", fields: "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n", body: "0\r\nAuthorization: Bearer TOKEN\r\n\r\n", want: to(noToken, byServer)},

	{id: "BT-62 A48 A50", name: "identity headers beside a token", fields: bearer + identity, want: to(accepted)},
	{id: "BT-62 A50", name: "identity headers alone", fields: identity, want: to(noToken)},
	{id: "A48", name: "identity headers taken off by Connection", fields: "Connection: keep-alive, X-Userinfo\r\n" + bearer + identity, want: to(accepted)},
	{id: "A48", name: "the token taken off by Connection", fields: "Connection: keep-alive, Authorization\r\n" + bearer, want: to(accepted, noToken)},
	{id: "A51", name: "another path in X-Forwarded-Uri", fields: "X-Forwarded-Uri: /optional\r\nX-Original-URL: /optional\r\nX-Rewrite-URL: /optional\r\n", want: to(noToken)},
	{id: "A51", name: "another method in X-HTTP-Method-Override", line: "POST /any HTTP/1.1", fields: "X-HTTP-Method-Override: OPTIONS\r\nContent-Length: 0\r\n", want: to(noToken)},
	{id: "A51", name: "another host in X-Forwarded-Host", fields: "X-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.test\r\n", want: to(noToken)},

	{id: "BT-57", name: "a preflight", line: "OPTIONS /any HTTP/1.1", fields: "Origin: https://app.test\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n", want: to(noToken)},
	{id: "BT-57", name: "an OPTIONS request with a token", line: "OPTIONS /any HTTP/1.1", fields: bearer, want: to(accepted)},
	{id: "BT-41", name: "a HEAD request with a token", line: "HEAD /any HTTP/1.1", fields: bearer, want: to(accepted)},
	{id: "BT-41", name: "a HEAD request without a token", line: "HEAD /any HTTP/1.1", want: to(noToken)},
	{id: "BT-41", name: "a refused request with a body", line: "POST /any HTTP/1.1", fields: "Content-Length: " + strconv.Itoa(len(smuggled)) + crlf, body: smuggled, want: to(noToken)},
	{id: "BT-41", name: "a refused request with a chunked body", line: "POST /any HTTP/1.1", fields: "Transfer-Encoding: chunked\r\n", body: "5\r\nhello\r\n0\r\n\r\n", want: to(noToken)},
	{id: "BT-41", name: "a refused request with a body of 64 KiB", line: "PUT /any HTTP/1.1", fields: "Content-Length: 65536\r\n", body: strings.Repeat("x", 1<<16), want: to(noToken)},
	{id: "BT-01", name: "a request of HTTP/1.0", line: "GET /any HTTP/1.0", fields: bearer, want: to(accepted)},
	{id: "BT-44", name: "a refused request of HTTP/1.0", line: "GET /any HTTP/1.0", want: to(noToken)},
	{id: "BT-44", name: "a refused request that wants the connection closed", fields: "Connection: close\r\n", want: to(noToken)},
}

const (
	identity = "X-Userinfo: {\"sub\":\"admin\"}\r\nX_Userinfo: {\"sub\":\"admin\"}\r\nX-ID-Token: admin\r\nX-Forwarded-User: admin\r\nX-Remote-User: admin\r\n"

	// smuggled is a body that looks like a request.
	smuggled = "GET /any HTTP/1.1\r\nHost: rs.test\r\nAuthorization: Bearer x\r\n\r\n"
)

// formToken is the length of tokens in forms. It is fixed, because a form announces its length.
const formToken = 64

// form is the header of a form in which TOKEN stands for a token of formToken bytes.
func form(body string) string {
	n := len(strings.ReplaceAll(body, "TOKEN", strings.Repeat("x", formToken)))
	return "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(n) + crlf
}
