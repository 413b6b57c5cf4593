package coretest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// orders is a service under test: it is guarded by the given server, which it reaches without a socket.
func orders(srv *coretest.Server, id, secret string) (http.Handler, error) {
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: id, ClientSecret: tokensource.Secret(secret), Transport: srv.Transport(),
	})
	if err != nil {
		return nil, err
	}
	return httpguard.Require(v, core.AllOf("orders.read"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "orders for", core.MustFromContext(r.Context()).Username())
	})), nil
}

func get(service http.Handler, token string) string {
	r := httptest.NewRequest("GET", "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	service.ServeHTTP(w, r)
	return fmt.Sprint(w.Code, " ", w.Body)
}

func ExampleNew() {
	srv := coretest.New()
	service, err := orders(srv, "test", "test")
	if err != nil {
		fmt.Println(err)
		return
	}
	alice := &coretest.User{ID: "alice", DisplayName: "Alice"}
	fmt.Print(get(service, srv.Mint(coretest.Grant{Scope: "orders.read", User: alice})))
	fmt.Println(get(service, srv.Mint(coretest.Grant{Scope: "orders.write"})))
	fmt.Println(srv.Calls().Introspection, "introspections")
	// Output:
	// 200 orders for alice
	// 403 {"error":"insufficient_scope"}
	// 2 introspections
}

func ExampleServer_SetClient() {
	srv := coretest.New()
	srv.SetClient(coretest.Client{ID: "orders", Secret: "s3cret", AllowedScope: "authorization.introspect"})
	token := srv.Mint(coretest.Grant{Scope: "orders.read"})
	for _, secret := range []string{"s3cret", "wrong"} {
		service, err := orders(srv, "orders", secret)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(get(service, token)[:3], "\n")
	}
	// Output:
	// 200
	// 503
}

func ExampleServer_SetAnswer() {
	srv := coretest.New()
	service, err := orders(srv, "test", "test")
	if err != nil {
		fmt.Println(err)
		return
	}
	srv.SetAnswer("t1", `{"active":true,"scope":"orders.read","username":"bob"}`)
	srv.SetAnswer("t2", `<html>`)
	fmt.Print(get(service, "t1"))
	fmt.Println(get(service, "t2"))
	// Output:
	// 200 orders for bob
	// 503 {"error":"temporarily_unavailable"}
}

func ExampleServer_Protect() {
	srv := coretest.New()
	srv.Protect("/adapters/shop/orders", "orders.read")

	call := func(token string) {
		r, _ := http.NewRequest("GET", srv.BaseURL()+"/adapters/shop/orders", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := srv.Client().Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer res.Body.Close()
		fmt.Println(res.StatusCode, res.Header.Values("WWW-Authenticate"))
	}
	call(srv.Mint(coretest.Grant{Scope: "orders.read"}))
	call(srv.Mint(coretest.Grant{Scope: "orders.write"}))
	// Output:
	// 200 []
	// 403 [Bearer error="insufficient_scope", scope="RegisteredClient orders.read"]
}
