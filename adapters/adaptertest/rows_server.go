package adaptertest

import "strings"

// serverRows are about requests that the HTTP server itself may refuse. No answer shows a token
// (BT-54, A70).
var serverRows = []row{
	{id: "A70", name: "NUL in another field", fields: bearer + "X-A: a\x00b\r\n", want: to(accepted, byServer)},
	{id: "A70", name: "CR in another field", fields: bearer + "X-A: a\rb\r\n", want: to(accepted, byServer)},
	{id: "A70", name: "a header of 3 MB", fields: bearer + pad(3<<20), want: to(byServer)},
	{id: "A70", name: "a line without a colon", fields: bearer + "nocolon\r\n", ends: true, want: to(byServer)},
	{id: "A70", name: "a field name with a blank in it", fields: bearer + "X A: b\r\n", want: to(accepted, byServer)},
	{id: "A70", name: "an empty field name", fields: bearer + ": b\r\n", want: to(accepted, byServer)},
	{id: "A70", name: "a length that is no number", fields: bearer + "Content-Length: x\r\n", want: to(byServer)},
	{id: "A70", name: "two lengths", line: "POST /any HTTP/1.1", fields: bearer + "Content-Length: 1\r\nContent-Length: 2\r\n", body: "ab", ends: true, want: to(accepted, byServer)},
	{id: "A70", name: "an unknown transfer coding", line: "POST /any HTTP/1.1", fields: bearer + "Transfer-Encoding: bogus\r\n", ends: true, want: to(accepted, byServer)},
	{id: "A70", name: "a chunk with a bad length", line: "POST /any HTTP/1.1", fields: bearer + "Transfer-Encoding: chunked\r\n", body: "zz\r\nTOKEN\r\n", want: to(accepted, byServer)},
	{id: "A70", name: "a token for a request line", line: "TOKEN", fields: bearer, ends: true, want: to(byServer)},
	{id: "A70", name: "a method that nobody knows", line: "TOKEN /any HTTP/1.1", fields: bearer, want: to(accepted, byServer)},
	{id: "A70", name: "a version that nobody knows", line: "GET /any HTTP/9.9", fields: bearer, want: to(accepted, byServer)},
	{id: "A70", name: "two hosts", fields: bearer + "Host: evil.test\r\n", want: to(accepted, byServer)},
	{id: "BT-20 A46", name: "a blank before the colon", fields: "Authorization : Bearer TOKEN\r\n", want: to(noToken, byServer)},
	{id: "BT-20 A46", name: "a tab before the colon", fields: "Authorization\t: Bearer TOKEN\r\n", want: to(noToken, byServer)},
	{id: "A46", name: "a blank before the name", fields: "X-A: b\r\n Authorization: Bearer TOKEN\r\n", want: to(noToken, byServer)},
	{id: "A46", name: "NUL in the name", fields: "Authorization\x00: Bearer TOKEN\r\n", want: to(noToken, byServer)},
	{id: "A46", name: "a bare CR before the name", fields: "X-A: b\rAuthorization: Bearer TOKEN\r\n", want: to(noToken, byServer)},
	{id: "A47", name: "a line end within the token", fields: "Authorization: Bearer TOKEN\r\nX: TOKEN\r\n", want: to(accepted)},
}

func pad(n int) string { return "X-Pad: " + strings.Repeat("x", n) + crlf }
