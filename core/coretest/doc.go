// Package coretest provides an authorization server for tests: it behaves like IBM MobileFirst
// Foundation 8.0, and is used like net/http/httptest.
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
// The server was written without access to a MobileFirst server. Its answers follow IBM's
// documentation, and what IBM's clients and validators expect. Where these permit several answers,
// [Variants] chooses one. Three choices are fixed:
//
//   - Client credentials are compared as they are. They are not form-decoded.
//   - Scope elements are compared as a whole. So a token with the literal scope "*" may not
//     introspect.
//   - A token of an app does not permit introspection.
//
// What a push error contains besides its status is a guess.
//
// # Security
//
// The server is for tests only. The predefined clients have the well-known secrets of a development
// server, tokens are not signed, and everything stays in memory as long as the server does.
package coretest
