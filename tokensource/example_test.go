package tokensource_test

import (
	"context"
	"errors"
	"fmt"
	"log"
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
