// Package core decides whether a request that carries an OAuth 2.0 access token may pass. It
// accepts the tokens of an external authorization server: IBM MobileFirst Foundation 8.0 or
// Platform 7.x, the Curity Identity Server, or any that speaks RFC 7662 (token introspection). It
// asks that server about them.
//
//	v, err := core.New(core.Config{
//		Profile:      core.MobileFirst8("https://mfp.example.com:9443/mfp/api"),
//		ClientID:     "orders-api",
//		ClientSecret: tokensource.Secret(os.Getenv("MFP_CLIENT_SECRET")),
//	})
//	if err != nil {
//		return err
//	}
//	mux.Handle("GET /balance", httpguard.Require(v, core.AllOf("accessRestricted"))(balance))
//
// and in the handler
//
//	p, ok := core.FromContext(r.Context())
//
// # The life of one request
//
// A [Verifier] stands for the server; each route has a [Guard], made from a [Requirement]. An
// adapter (packages httpguard, ginguard, fiberguard) takes what is needed out of a request and
// calls [Guard.Authorize]. Then
//
//   - the token is found in the Authorization field, or the request is refused: no credentials,
//     malformed, ambiguous. Nothing is sent anywhere;
//   - the token is turned into a key of the cache; from here on the token goes to the server only;
//   - the answer is known from before, or the request joins or starts the one call about this
//     token;
//   - the server is asked, with credentials of our own. For MobileFirst 8.0 these are a token,
//     which package tokensource renews before it ends;
//   - the answer is read: exact names and exact types, or it is no answer. It holds facts, and no
//     verdict;
//   - the facts are compared with what the route needs, also when they were remembered: active,
//     kind of token, times, issuer, audience, scope;
//   - a [Principal] goes to the handler, or a [Denial] to the client. The adapter copies it.
//
// # Who is told what
//
// A request is refused with 401 or 403 for what the server said about its token, and for nothing
// else. If the server cannot be reached, sends what cannot be read, or does not accept this
// service's own credentials, the answer is 503 with Retry-After: an outage does not log users
// out, and it does not let them in.
//
// # What core is not
//
// It does not decode tokens, even if they look like a JWT: it believes the server alone. (There are
// two exceptions. Where there are servers to choose from, [Several] reads the issuer, to choose and
// for nothing else. MobileFirst7Config.Offline checks signed tokens without asking.) It
// takes tokens from the Authorization field only, not from queries, forms or cookies. It does
// not log users in, and it stores nothing outside the process.
package core
