package core_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// A Verifier is made once, for one authorization server, and shared by all routes. In production nothing but the profile and the
// credentials has to be set.
func ExampleNew() {
	v, err := core.New(core.Config{
		Profile:      core.MobileFirst8("https://mfp.example.com:9443/mfp/api"),
		ClientID:     "orders-api",
		ClientSecret: "from your secret store",
		CacheTTL:     new(30 * time.Second),
	})
	fmt.Println(v != nil, err)

	_, err = core.New(core.Config{Profile: core.MobileFirst8("https://mfp.example.com:9443/mfp/api/az/v1/token"), ClientID: "a", ClientSecret: "b"})
	fmt.Println(err)
	// Output:
	// true <nil>
	// core: MobileFirst8(base) already has /az/v1 on it: leave that off, want https://host:port/<runtime>/api
}

// start returns an authorization server for tests, and a Verifier that asks it.
func start() (*coretest.Server, *core.Verifier) {
	srv := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
	})
	if err != nil {
		panic(err)
	}
	return srv, v
}

// Adapters make a Guard for each route. Make one yourself for a protocol that has no adapter. The Denial is the answer to copy.
func ExampleVerifier_Guard() {
	srv, v := start()
	token := srv.Mint(coretest.Grant{Scope: "accessRestricted", User: &coretest.User{ID: "alice"}})

	balance, err := v.Guard(core.AllOf("accessRestricted"))
	if err != nil {
		panic(err)
	}
	transfer, err := v.Guard(core.AllOf("transfer"))
	if err != nil {
		panic(err)
	}
	request := core.Request{Authorization: []string{"Bearer " + token}}

	p, denial := balance.Authorize(context.Background(), request)
	user, _ := p.User()
	fmt.Println(denial == nil, user.ID)

	_, denial = transfer.Authorize(context.Background(), request)
	fmt.Println(denial.Status)
	for _, f := range denial.Header {
		fmt.Printf("%s: %s\n", f.Name, f.Value)
	}
	fmt.Println(denial.Body)
	fmt.Println(errors.Is(denial.Cause, core.ErrInsufficientScope))
	// Output:
	// true alice
	// 403
	// Cache-Control: no-store
	// Content-Type: application/json
	// WWW-Authenticate: Bearer error="insufficient_scope", scope="transfer"
	// {"error":"insufficient_scope"}
	// true
}

// A handler behind a guard finds out who calls.
func ExampleFromContext() {
	handler := func(ctx context.Context) {
		p, ok := core.FromContext(ctx)
		if !ok {
			fmt.Println("hello, whoever you are")
			return
		}
		if u, ok := p.User(); ok {
			fmt.Println("hello,", u.DisplayName)
		} else {
			fmt.Println("hello, application", p.ClientID())
		}
	}

	srv, v := start()
	for _, g := range []coretest.Grant{{User: &coretest.User{ID: "alice", DisplayName: "Alice"}}, {Confidential: true}} {
		p, _ := authorize(context.Background(), v, []string{"Bearer " + srv.Mint(g)}, core.Authenticated())
		handler(core.NewContext(context.Background(), p)) // what an adapter does
	}
	handler(context.Background())
	// Output:
	// hello, Alice
	// hello, application test
	// hello, whoever you are
}

// status asks v and says what the client is told.
func status(v *core.Verifier, token string, need core.Requirement) int {
	var values []string
	if token != "" {
		values = []string{"Bearer " + token}
	}
	if _, d := authorize(context.Background(), v, values, need); d != nil {
		return d.Status
	}
	return 200
}

func ExampleAllOf() {
	srv, v := start()
	token := srv.Mint(coretest.Grant{Scope: "read write"})
	fmt.Println(status(v, token, core.AllOf("read", "write")), status(v, token, core.AllOf("read", "admin")))
	// Output: 200 403
}

func ExampleAnyOf() {
	srv, v := start()
	token := srv.Mint(coretest.Grant{Scope: "read write"})
	fmt.Println(status(v, token, core.AnyOf("admin", "write")), status(v, token, core.AnyOf("admin", "root")))
	// Output: 200 403
}

func ExampleAuthenticated() {
	srv, v := start()
	fmt.Println(status(v, srv.Mint(coretest.Grant{}), core.Authenticated()), status(v, "garbage", core.Authenticated()))
	// Output: 200 401
}

// A route on which a revoked token must not pass for as long as the cache remembers it.
func ExampleRequirement_MaxAge() {
	srv, v := start()
	token := srv.Mint(coretest.Grant{Scope: "transfer"})
	fmt.Println(status(v, token, core.AllOf("transfer")))
	srv.Revoke(token)
	fmt.Println(status(v, token, core.AllOf("transfer")))           // remembered
	fmt.Println(status(v, token, core.AllOf("transfer").MaxAge(0))) // asks each time
	// Output:
	// 200
	// 200
	// 401
}

// Optional authentication waives the absence of a token, and nothing else.
func ExampleRequirement_Optional() {
	srv, v := start()
	need := core.Authenticated().Optional()
	fmt.Println(status(v, "", need), status(v, srv.Mint(coretest.Grant{}), need), status(v, "garbage", need))
	// Output: 200 200 401
}

// A logout takes effect at once if the service forgets the token.
func ExampleVerifier_ForgetToken() {
	srv, v := start()
	token := srv.Mint(coretest.Grant{})
	fmt.Println(status(v, token, core.Authenticated()))
	srv.Revoke(token)
	v.ForgetToken(token)
	fmt.Println(status(v, token, core.Authenticated()))
	// Output:
	// 200
	// 401
}

// Ready says at start-up what is wrong with the configuration.
func ExampleVerifier_Ready() {
	srv, v := start()
	fmt.Println(v.Ready(context.Background()))

	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "mistyped", Transport: srv.Transport(),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(v.Ready(context.Background()))
	// Output:
	// <nil>
	// core: not ready: token endpoint https://mfp.invalid/mfp/api/az/v1/token answered 400 invalid_client (the client id or secret is wrong)
}

// Any server with an introspection endpoint, its answers held against our name.
func ExampleRFC7662() {
	v, err := core.New(core.Config{
		Profile: core.RFC7662(core.RFC7662Config{
			IntrospectionURL: "https://as.example.com/oauth2/introspect",
			ClientAuth:       tokensource.Basic,
			Audience:         []string{"https://orders.example.com"},
			Issuer:           "https://as.example.com",
		}),
		ClientID: "orders", ClientSecret: "from your secret store",
	})
	fmt.Println(v != nil, err)
	_, denial := authorize(context.Background(), v, nil, core.Authenticated())
	fmt.Println(denial.Header[2])
	// Output:
	// true <nil>
	// {WWW-Authenticate Bearer realm="api"}
}

// A program that is configured by its environment only.
// This service has a private key in place of a secret. A new key in the file takes effect within a
// second. The assertions are for the issuer of the profile.
func ExampleConfig_clientAssertion() {
	_, err := core.New(core.Config{
		Profile: core.RFC7662(core.RFC7662Config{
			IntrospectionURL: "https://as.example.com/introspect",
			Issuer:           "https://as.example.com",
			Audience:         []string{"https://orders.example.com"},
		}),
		ClientID:        "orders-api",
		ClientAssertion: &tokensource.ClientAssertion{KeyFunc: tokensource.KeyFile("/etc/orders/key.pem")},
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleFromEnv() {
	os.Setenv("MFPGUARD_SERVER", "https://mfp.example.com:9443/mfp/api")
	os.Setenv("MFPGUARD_CLIENT_ID", "orders-api")
	defer os.Unsetenv("MFPGUARD_SERVER")
	defer os.Unsetenv("MFPGUARD_CLIENT_ID")

	_, err := core.FromEnv()
	fmt.Println(err)

	os.Setenv("MFPGUARD_CLIENT_SECRET", "s3cret")
	defer os.Unsetenv("MFPGUARD_CLIENT_SECRET")
	config, err := core.FromEnv()
	fmt.Println(config.ClientID, config.ClientSecret, err)
	// Output:
	// core: MFPGUARD_CLIENT_SECRET is not set, and MFPGUARD_CLIENT_SECRET_FILE is not either
	// orders-api [REDACTED] <nil>
}

// A Trace counts what the cache saves.
func ExampleTrace() {
	srv := coretest.New()
	lookups := make(map[core.Lookup]int)
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
		Trace: core.Trace{Looked: func(_ context.Context, i core.LookedInfo) { lookups[i.Result]++ }}, // guard it where requests are concurrent
	})
	if err != nil {
		panic(err)
	}
	for range 10 {
		authorize(context.Background(), v, []string{"Bearer garbage"}, core.Authenticated())
	}
	fmt.Println(lookups)
	// Output: map[miss:1 negative hit:9]
}
