// Package coretest provides an authorization server for tests: it behaves like IBM MobileFirst
// Foundation 8.0, MobileFirst Platform 7.x, the Curity Identity Server or a plain OAuth server, and
// is used like net/http/httptest.
//
// Give the address of a [Server] and a confidential client to the resource server under test. Then
// make a token with [Server.Mint], and send a request with it:
//
//	func TestOrders(t *testing.T) {
//		srv := coretest.NewServer()
//		defer srv.Close()
//		srv.SetClient(coretest.Client{
//			ID: "orders", Secret: "s3cret", AllowedScope: "authorization.introspect",
//		})
//		app := orders.New(srv.BaseURL(), "orders", "s3cret") // what is tested
//
//		token := srv.Mint(coretest.Grant{
//			Scope: "RegisteredClient orders.read",
//			User:  &coretest.User{ID: "alice", DisplayName: "Alice"},
//		})
//		r := httptest.NewRequest("GET", "/orders", nil)
//		r.Header.Set("Authorization", "Bearer "+token)
//		w := httptest.NewRecorder()
//		app.ServeHTTP(w, r)
//		if w.Code != http.StatusOK || srv.Calls().Introspection != 1 {
//			t.Errorf("status %d after %+v", w.Code, srv.Calls())
//		}
//	}
//
// A refusal's challenge is in a field that Go spells otherwise; [Field] finds it in a recorder. A
// handler alone is tested without a server, with the [Principal] of a token that was never sent.
//
// A test decides what happens to tokens: [Server.Revoke], [Server.DisableDevice], [Server.Advance],
// [Server.Restart], [Server.DeleteClient]. It also decides what goes wrong on the network and in
// the server: [Server.Down] and [Server.Up], [Server.Conflict], and [Server.Inject] with a [Fault]:
//
//	srv.Inject(coretest.Introspection, 2, coretest.Status(503))       // fails twice, then works
//	srv.Inject(coretest.Token, 1, coretest.SetMember("expires_in", "0"))
//
// # Other kinds of server
//
// The text above is about [MobileFirst8]. A [Server] speaks other dialects as well, each at its own
// paths. Limit it to one with [Server.Only]: then it has the endpoints of a real server of that
// kind and no others, and mints its tokens. [Server.EndpointURL] and [Server.Issuer] are what a
// resource server is configured with:
//
//	srv.Only(coretest.Curity)
//	app := orders.New(srv.EndpointURL(coretest.Curity, coretest.Introspection), "orders", "s3cret")
//
// [MobileFirst7] has online validation without credentials of the caller, and a public key. Its
// tokens are signed JWTs: an access token with a list of realms, and an ID token, see
// [Server.MintID]. [Curity] and [RFC7662] authenticate clients, and answer introspections in JSON
// or with a signed JWT. RFC7662 also takes signed assertions and certificates ([Client.PublicKey],
// [Client.CertificateName]). [Server.RotateKey] changes the key of signatures; [Server.EditJWT] and
// [BadSignature] spoil signed answers. Faults and counts work for all: an [Endpoint] is what it is
// for, whatever its dialect.
//
// # Other services of MobileFirst
//
// A program may call MobileFirst with a token of its own. For such programs the server offers
// protected resources, like those of adapters ([Server.Protect]), and the push service, which
// accepts messages for the apps of [Server.AddApp]. [Server.Messages] returns the accepted
// messages, so that a test can count lost and repeated ones:
//
//	srv.AddApp("com.acme.shop")
//	srv.Inject(coretest.Push, 1, coretest.LoseAnswer()) // accepted, but the sender cannot know
//
// # Time
//
// The server reads time.Now, so it uses the fake time of a testing/synctest bubble. Sockets do not
// work in a bubble: create the server inside it with [New], and use [Server.Transport]. Outside of
// a bubble, [Server.Advance] makes tokens expire without waiting.
//
// # Fidelity
//
// The server was written without access to a MobileFirst or Curity server. Its answers follow the
// documentation of IBM and Curity, and what their clients and validators expect. Where these permit
// several answers, [Variants] chooses one. These choices are fixed:
//
//   - MobileFirst compares client credentials as they are. It does not form-decode them.
//
//   - Scope elements are compared as a whole. So a token with the literal scope "*" may not
//     introspect.
//
//   - A token of an app does not permit introspection.
//
//   - MobileFirst 7.x leaves a realm that has expired out of the scope, unless it is mandatory:
//     then the token is not valid.
//
//   - In a JWT, Curity sends the claims of the token alone, without "active".
//
// What a push error contains besides its status is a guess.
//
// # Security
//
// The server is for tests only. The predefined clients have the well-known secrets of a development
// server, the tokens of MobileFirst8 are not signed, and everything stays in memory as long as the
// server does.
package coretest
