package coretest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// ask introspects a token the way a resource server does.
func ask(srv *coretest.Server, token string) string {
	own := srv.Mint(coretest.Grant{Confidential: true, Scope: "authorization.introspect"})
	body := url.Values{"token": {token}}.Encode()
	r, _ := http.NewRequest("POST", srv.BaseURL()+"/az/v1/introspection", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+own)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := srv.Client().Do(r)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	return strings.TrimSpace(fmt.Sprintf("%d %.14s", res.StatusCode, answer))
}

func Example() {
	srv := coretest.NewServer()
	defer srv.Close()

	token := srv.Mint(coretest.Grant{Scope: "RegisteredClient orders.read", Lifetime: time.Minute})
	fmt.Println(ask(srv, token))
	srv.Advance(time.Minute)
	fmt.Println(ask(srv, token))
	fmt.Println(srv.Calls().Introspection, "introspections")
	// Output:
	// 200 {"active":true
	// 200 {"active":fals
	// 2 introspections
}

func ExampleServer_Inject() {
	srv := coretest.New()
	defer srv.Close()
	token := srv.Mint(coretest.Grant{})

	srv.Inject(coretest.Introspection, 2, coretest.Status(503, "Retry-After", "1"))
	srv.Inject(coretest.Introspection, 1, coretest.SetMember("active", `"true"`))
	for range 4 {
		fmt.Println(ask(srv, token))
	}
	// Output:
	// 503
	// 503
	// 200 {"active":"tru
	// 200 {"active":true
}

func ExampleServer_Down() {
	srv := coretest.New()
	defer srv.Close()
	token := srv.Mint(coretest.Grant{})

	srv.Down()
	fmt.Println(ask(srv, token))
	srv.Up()
	fmt.Println(ask(srv, token))
	// Output:
	// Post "https://mfp.invalid/mfp/api/az/v1/introspection": dial tcp: connect: connection refused
	// 200 {"active":true
}

func ExampleFault() {
	srv := coretest.New()
	defer srv.Close()

	// Every answer carries a proxy's header.
	var proxied coretest.Fault = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("Via", "1.1 proxy")
		next.ServeHTTP(w, r)
	}
	srv.Inject(coretest.Token, coretest.Always, proxied)

	res, err := srv.Client().Post(srv.BaseURL()+"/az/v1/token", "application/x-www-form-urlencoded", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.Status, res.Header.Get("Via"))
	// Output:
	// 400 Bad Request 1.1 proxy
}

func ExampleServer_Messages() {
	srv := coretest.New()
	defer srv.Close()
	srv.AddApp("com.acme.shop")
	srv.Inject(coretest.Push, 1, coretest.LoseAnswer())

	token := srv.Mint(coretest.Grant{Confidential: true, Scope: "messages.write push.application.com.acme.shop"})
	for range 2 { // a sender that repeats what may have arrived
		body := strings.NewReader(`{"message":{"alert":"Sale!"}}`)
		r, _ := http.NewRequest("POST", srv.URL+"/imfpush/v1/apps/com.acme.shop/messages", body)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		res, err := srv.Client().Do(r)
		if err != nil {
			fmt.Println("no answer")
			continue
		}
		res.Body.Close()
		fmt.Println(res.Status)
	}
	fmt.Println(len(srv.Messages("com.acme.shop")), "messages")
	// Output:
	// no answer
	// 202 Accepted
	// 2 messages
}

// A server of another kind: Curity's endpoints and no others.
func ExampleServer_Only() {
	srv := coretest.NewServer()
	defer srv.Close()
	srv.Only(coretest.Curity)

	token := srv.Mint(coretest.Grant{ClientID: "app", Scope: "read"})
	r, _ := http.NewRequest("POST", srv.EndpointURL(coretest.Curity, coretest.Introspection), strings.NewReader("token="+token))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/jwt")
	r.SetBasicAuth("test", "test")
	for range 2 {
		res, err := srv.Client().Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		res.Body.Close()
		fmt.Println(res.Status, res.Header.Get("Content-Type"))
		srv.Revoke(token)
		r.Body, _ = r.GetBody()
	}
	// Output:
	// 200 OK application/jwt
	// 204 No Content
}
