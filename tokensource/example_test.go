package tokensource_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

func ExampleNew() {
	srv := coretest.NewServer() // stands in for MobileFirst
	defer srv.Close()

	src, err := tokensource.New(tokensource.Config{
		TokenURL:     srv.BaseURL() + "/az/v1/token",
		ClientID:     "test",
		ClientSecret: "test", // in earnest tokensource.Secret(os.Getenv("MFP_CLIENT_SECRET"))
		Scope:        "messages.write push.application.com.acme.shop",
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err := src.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Scope)
	fmt.Println(token.AccessToken) // does not print itself
	// Output:
	// messages.write push.application.com.acme.shop
	// [REDACTED]
}

func ExampleNew_mistake() {
	_, err := tokensource.New(tokensource.Config{TokenURL: "http://mfp.example.com/mfp/api/az/v1/token", ClientID: "nightly", ClientSecret: "s3cret"})
	fmt.Println(err)
	// Output: tokensource: Config.TokenURL is http:// to another host, which sends tokens in the clear: use https, or set InsecureHTTP
}

func ExampleConfig_clientSecretFunc() {
	srv := coretest.NewServer()
	defer srv.Close()
	vault := map[string]string{"mfp": "test"} // or a mounted file, or a secret manager
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token",
		ClientID: "test",
		ClientSecretFunc: func(context.Context) (tokensource.Secret, error) {
			return tokensource.Secret(vault["mfp"]), nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	first, err := src.Token(context.Background())
	fmt.Println(err)

	srv.SetClient(coretest.Client{ID: "test", Secret: "rotated", AllowedScope: "*"})
	vault["mfp"] = "rotated"
	src.Invalidate(first)
	_, err = src.Token(context.Background())
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
}

// A client with a private key in place of a secret. A new key in the file takes effect within a
// second.
func ExampleConfig_clientAssertion() {
	src, err := tokensource.New(tokensource.Config{
		TokenURL: "https://as.example.com/token",
		ClientID: "nightly",
		ClientAssertion: &tokensource.ClientAssertion{
			KeyFunc:  tokensource.KeyFile("/etc/nightly/key.pem"),
			Audience: "https://as.example.com", // the issuer identifier of the server
		},
		Scope: "messages.write",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(src)
	// Output: token source for the scope "messages.write"
}

// A client whose TLS certificate authenticates it.
func ExampleConfig_clientCertificate() {
	src, err := tokensource.New(tokensource.Config{
		TokenURL:          "https://as.example.com/token",
		ClientID:          "nightly",
		ClientCertificate: tokensource.CertificateFiles("/etc/nightly/tls.crt", "/etc/nightly/tls.key"),
		Scope:             "messages.write",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(src)
	// Output: token source for the scope "messages.write"
}

func ExampleConfig_renewed() {
	srv := coretest.NewServer()
	defer srv.Close()
	done := make(chan bool)
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "messages.write",
		Renewed: func(r tokensource.Renewal) { // for instance for a counter and a gauge
			fmt.Println(r.Scope, r.Trigger, r.Err == nil, time.Until(r.ExpiresAt) > 0)
			done <- true
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	token, _ := src.Token(context.Background())
	<-done
	src.Invalidate(token)
	_, _ = src.Scoped("messages.write orders.read").Token(context.Background())
	<-done
	_, _ = src.Token(context.Background())
	<-done
	// Output:
	// messages.write absent true true
	// messages.write orders.read absent true true
	// messages.write invalidated true true
}

func ExampleConfigError() {
	_, err := tokensource.New(tokensource.Config{TokenURL: "https://mfp.example.com/mfp/api/az/v1/token", ClientID: "nightly", ClientSecret: "s3cret", Timeout: -1})
	if e, ok := errors.AsType[*tokensource.ConfigError](err); ok {
		fmt.Println(e.Field)
	}
	// Output: Config.Timeout
}

func ExampleStatic() {
	src := tokensource.Static("t0k3n") // in a test, or with a token that somebody else renews
	token, err := src.Token(context.Background())
	fmt.Println(string(token.AccessToken), err)
	// Output: t0k3n <nil>
}

func ExampleFunc() {
	src := tokensource.Func(func(context.Context) (tokensource.Token, error) {
		// Ask an agent, or read a file.
		return tokensource.Token{AccessToken: "t0k3n", ExpiresAt: time.Now().Add(time.Hour)}, nil
	})
	token, err := src.Token(context.Background())
	fmt.Println(string(token.AccessToken), err)
	// Output: t0k3n <nil>
}

func ExampleSource_Token() {
	srv := coretest.NewServer()
	defer srv.Close()
	src, err := tokensource.New(tokensource.Config{TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "wrong"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = src.Token(context.Background())
	fmt.Println(errors.Is(err, tokensource.ErrInvalidClient))
	if e, ok := errors.AsType[*tokensource.EndpointError](err); ok {
		fmt.Println(e.Status, e.Hint)
	}
	// Output:
	// true
	// 400 the client id or secret is wrong
}

func ExampleSource_Invalidate() {
	srv := coretest.NewServer()
	defer srv.Close()
	src, err := tokensource.New(tokensource.Config{TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test"})
	if err != nil {
		log.Fatal(err)
	}
	refused, _ := src.Token(context.Background())
	for range 3 { // three calls to an API ended in 401 with the same token
		src.Invalidate(refused)
	}
	renewed, _ := src.Token(context.Background())
	src.Invalidate(refused) // a fourth comes late
	again, _ := src.Token(context.Background())
	fmt.Println(renewed != refused, again == renewed, srv.Calls().Token)
	// Output: true true 2
}

func ExampleSource_Transport() {
	srv := coretest.NewServer()
	defer srv.Close()
	srv.Protect("/adapters/shop/orders", "orders.read")
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "orders.read",
	})
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: src.Transport(nil)}
	for range 2 {
		res, err := client.Get(srv.BaseURL() + "/adapters/shop/orders")
		if err != nil {
			log.Fatal(err)
		}
		_ = res.Body.Close()
		fmt.Println(res.Status)
		srv.Restart() // the token dies, and nobody notices
	}
	// Output:
	// 200 OK
	// 200 OK
}

func ExampleTransport() {
	srv := coretest.NewServer()
	defer srv.Close()
	srv.Protect("/adapters/shop/orders", "orders.read")
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "messages.write",
	})
	if err != nil {
		log.Fatal(err)
	}
	transport := src.Transport(nil, srv.URL)
	transport.AllowScope = func(element string) bool { return strings.HasPrefix(element, "orders.") }
	client := &http.Client{Transport: transport}
	res, err := client.Get(srv.BaseURL() + "/adapters/shop/orders")
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	for _, r := range srv.Requests(coretest.Token) {
		fmt.Println(r.Form.Get("scope"))
	}
	// Output:
	// 200 OK
	// messages.write
	// messages.write RegisteredClient orders.read
}

func ExampleSource_Scoped() {
	srv := coretest.NewServer()
	defer srv.Close()
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test", Scope: "messages.write",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, scope := range []string{"orders.read clients:read-public", "clients:read-public orders.read"} {
		token, err := src.Scoped(scope).Token(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(token.Scope)
	}
	fmt.Println(srv.Calls().Token, "token request")
	// Output:
	// orders.read clients:read-public
	// orders.read clients:read-public
	// 1 token request
}

func ExampleSource_Ready() {
	srv := coretest.NewServer()
	defer srv.Close()
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "push", ClientSecret: "hsup", Scope: "messages.write",
	})
	if err != nil {
		log.Fatal(err)
	}
	err = src.Ready(context.Background())
	fmt.Println(strings.ReplaceAll(err.Error(), srv.URL, "https://mfp.example.com"))
	// Output: tokensource: not ready: token endpoint https://mfp.example.com/mfp/api/az/v1/token answered 400 invalid_scope (the client's allowed scope does not cover "messages.write")
}

func ExampleSource_Keep() {
	srv := coretest.NewServer()
	defer srv.Close()
	renewed := make(chan tokensource.Renewal)
	src, err := tokensource.New(tokensource.Config{
		TokenURL: srv.BaseURL() + "/az/v1/token", ClientID: "test", ClientSecret: "test",
		Renewed: func(r tokensource.Renewal) { renewed <- r },
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- src.Keep(ctx) }()
	r := <-renewed
	fmt.Println(r.Trigger, r.Err, time.Until(r.ExpiresAt).Round(time.Minute))
	cancel()
	fmt.Println(<-ended)
	// Output:
	// absent <nil> 1h0m0s
	// context canceled
}
