package adaptertest

// optionalRows: an Optional requirement permits requests without a token, and changes nothing else
// (BT-58).
var optionalRows = []row{
	{id: "BT-58", name: "no token", line: "GET /optional HTTP/1.1", want: to(anonymous)},
	{id: "BT-58", name: "another scheme", line: "GET /optional HTTP/1.1", fields: auth("Basic dTpw"), want: to(anonymous)},
	{id: "BT-58", name: "no token where a scope is needed", line: "GET /optional-admin HTTP/1.1", want: to(anonymous)},
	{id: "BT-58", name: "a HEAD request without a token", line: "HEAD /optional HTTP/1.1", want: to(anonymous)},
	{id: "BT-58", name: "a token", line: "GET /optional HTTP/1.1", fields: bearer, want: to(accepted)},
	{id: "BT-58", name: "an inactive token", line: "GET /optional HTTP/1.1", fields: bearer, says: inactive, want: to(invalid)},
	{id: "BT-58", name: "a token that lacks the scope", line: "GET /optional-admin HTTP/1.1", fields: bearer, want: to(lacksScope)},
	{id: "BT-58 BT-06", name: "the scheme alone", line: "GET /optional HTTP/1.1", fields: auth("Bearer"), want: to(malformed)},
	{id: "BT-58 BT-15", name: "a malformed token", line: "GET /optional HTTP/1.1", fields: auth("Bearer TOKEN|"), want: to(malformed)},
	{id: "BT-58 BT-09", name: "two fields", line: "GET /optional HTTP/1.1", fields: bearer + bearer, want: to(ambiguous)},
	{id: "BT-58 BT-11 A42", name: "an empty field before the token", line: "GET /optional HTTP/1.1", fields: "Authorization:\r\n" + bearer, want: to(ambiguous)},
	{id: "BT-58 BT-08", name: "two credentials in one field", line: "GET /optional HTTP/1.1", fields: auth("Basic dTpw, Bearer TOKEN"), want: to(ambiguous)},
	{id: "BT-58 BT-24", name: "a token in the query", line: "GET /optional?access_token=TOKEN HTTP/1.1", want: to(anonymous)},
	{id: "BT-58 BT-62", name: "identity headers alone", line: "GET /optional HTTP/1.1", fields: identity, want: to(anonymous)},
}
