package adaptertest

// outcome is the result of a request.
type outcome int

const (
	accepted    outcome = iota // the token was asked about
	remembered                 // accepted without a question
	anonymous                  // accepted without a token
	noToken                    // no bearer credentials
	malformed                  // refused unseen
	ambiguous                  // refused unseen
	invalid                    // refused because of the answer
	lacksScope                 // likewise
	stillLacks                 // likewise, without a question
	conflict                   // the server's 409
	unavailable                // the server has no answer
	byServer                   // the HTTP server has turned the request away, the adapter never saw it
)

// outcomes is the refusal table. Asks counts the questions about a token; -1 allows any number.
var outcomes = map[outcome]struct {
	name   string
	status int
	body   string
	asks   int
}{
	accepted:    {"accepted", 200, "", 1},
	remembered:  {"accepted from memory", 200, "", 0},
	anonymous:   {"accepted as anonymous", 200, "anonymous", 0},
	noToken:     {"no token", 401, `{"error":"missing_token"}`, 0},
	malformed:   {"malformed", 401, `{"error":"invalid_token"}`, 0},
	ambiguous:   {"ambiguous", 400, `{"error":"invalid_request"}`, 0},
	invalid:     {"invalid", 401, `{"error":"invalid_token"}`, 1},
	lacksScope:  {"lacks scope", 403, `{"error":"insufficient_scope"}`, 1},
	stillLacks:  {"lacks scope, from memory", 403, `{"error":"insufficient_scope"}`, 0},
	conflict:    {"conflict", 409, `{"error":"conflict"}`, 1},
	unavailable: {"unavailable", 503, `{"error":"temporarily_unavailable"}`, -1},
	byServer:    {"turned away by the server", 0, "", 0},
}
