// Package coretest provides an IBM MobileFirst Foundation 8.0 authorization server for tests, in the manner of
// net/http/httptest.
//
// A resource server under test is configured with the server's address and a confidential client, and asked to serve a
// request with a token the test made:
//
//	func TestOrders(t *testing.T) {
//		srv := coretest.NewServer()
//		defer srv.Close()
//		srv.SetClient(coretest.Client{ID: "orders", Secret: "s3cret", AllowedScope: "authorization.introspect"})
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
// What happens to tokens is in the test's hands: [Server.Revoke], [Server.DisableDevice], [Server.Advance],
// [Server.Restart], [Server.DeleteClient]. What goes wrong on the way is too: [Server.Down] and [Server.Up],
// [Server.Conflict], and [Server.Inject] with a [Fault]:
//
//	srv.Inject(coretest.Introspection, 2, coretest.Status(503))       // fails twice, then works
//	srv.Inject(coretest.Token, 1, coretest.SetMember("expires_in", "0"))
//
// # Other services of MobileFirst
//
// Programs that call MobileFirst with a token of their own find two more services here: resources as adapters offer them
// ([Server.Protect]), and the push service, which accepts messages for the apps of [Server.AddApp]. [Server.Messages] tells
// what it accepted, so that a test can count what was lost and what was sent twice:
//
//	srv.AddApp("com.acme.shop")
//	srv.Inject(coretest.Push, 1, coretest.LoseAnswer()) // accepted, but the sender cannot know
//
// # Time
//
// The server reads time.Now, so in a testing/synctest bubble it lives in fake time. Sockets do not work there: use [New]
// and [Server.Transport], created inside the bubble. Outside of a bubble, Advance makes tokens expire without waiting.
//
// # Fidelity
//
// No MobileFirst server was at hand. The answers follow IBM's documentation and what IBM's own clients and validators
// expect; where those leave more than one answer, [Variants] chooses. Three choices have no switch: credentials are
// compared as they are, never form-decoded; a scope element is compared as a whole, so a token with the literal scope "*"
// may not introspect; and an app's token is no credential at the introspection endpoint. What a push error
// says beside its status is a guess.
//
// It is for tests only. The predefined clients have the well-known secrets of a development server, tokens are not signed,
// and everything is kept in memory until the server is garbage.
package coretest
