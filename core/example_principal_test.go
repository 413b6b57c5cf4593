package core_test

import (
	"context"
	"fmt"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
	"github.com/mfpguard/mfpguard/tokensource"
)

// principalOf is who a token of this grant speaks for.
func principalOf(g coretest.Grant) core.Principal {
	srv, v := start()
	guard, err := v.Guard(core.Authenticated())
	if err != nil {
		panic(err)
	}
	p, denial := guard.Authorize(context.Background(), core.Request{Authorization: []string{"Bearer " + srv.Mint(g)}})
	if denial != nil {
		panic(denial.Cause)
	}
	return p
}

// A security check attaches data to a token.
func ExamplePrincipal_Check() {
	p := principalOf(coretest.Grant{
		User:   &coretest.User{ID: "alice"},
		Checks: map[string]any{"PinCode": map[string]any{"attemptsLeft": 2}},
	})
	var pin struct {
		AttemptsLeft int `json:"attemptsLeft"`
	}
	found, err := p.Check("PinCode", &pin)
	fmt.Println(found, err, pin.AttemptsLeft)
	found, err = p.Check("Fingerprint", &pin)
	fmt.Println(found, err)
	// Output:
	// true <nil> 2
	// false <nil>
}

// Any member of the server's answer can be read, by its exact name.
func ExamplePrincipal_Member() {
	p := principalOf(coretest.Grant{Application: &coretest.Application{ID: "com.example.shop", Platform: "ios", Version: "2.1"}})
	var app struct{ ID, Version string }
	found, err := p.Member("mfp-application", &app)
	fmt.Println(found, err, app.ID, app.Version)
	// Output: true <nil> com.example.shop 2.1
}

func ExamplePrincipal_Device() {
	p := principalOf(coretest.Grant{Device: &coretest.Device{ID: "d-17", Platform: "android 12", Status: "ACTIVE"}})
	device, ok := p.Device()
	fmt.Println(ok, device.ID, device.Platform, device.Status)

	job := principalOf(coretest.Grant{Confidential: true}) // a confidential client has no device
	_, ok = job.Device()
	fmt.Println(ok)
	// Output:
	// true d-17 android 12 ACTIVE
	// false
}

// The base URL ends where IBM's documents say, behind the name of the runtime.
func ExampleMobileFirst8() {
	for _, base := range []string{"https://mfp.example.com:9443/mfp/api", "https://mfp.example.com:9443/mfp/api?x=1", ""} {
		_, err := core.New(core.Config{Profile: core.MobileFirst8(base), ClientID: "orders-api", ClientSecret: "s3cret"})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// core: MobileFirst8(base) has a query, want https://host:port/<runtime>/api
	// core: MobileFirst8(base) is empty, want https://host:port/<runtime>/api
}

// A secret that a vault hands out, and may change, is asked for each time that it is needed.
func ExampleConfig_clientSecretFunc() {
	vault := func(context.Context) (tokensource.Secret, error) { return "test", nil }
	srv := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), Transport: srv.Transport(),
		ClientID: "test", ClientSecretFunc: vault,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(v.Ready(context.Background()))
	// Output: <nil>
}

// The events of a first request, and of one whose answer is remembered.
func ExampleTrace_events() {
	srv := coretest.New()
	v, err := core.New(core.Config{
		Profile: core.MobileFirst8(srv.BaseURL()), ClientID: "test", ClientSecret: "test", Transport: srv.Transport(),
		Trace: core.Trace{
			Looked:       func(_ context.Context, i core.LookedInfo) { fmt.Println("looked:", i.Result) },
			Renewed:      func(r tokensource.Renewal) { fmt.Println("our token:", r.Trigger, r.Err) },
			Introspected: func(_ context.Context, i core.IntrospectedInfo) { fmt.Println("asked:", i.Attempts, i.Err) },
			Decided:      func(_ context.Context, i core.DecidedInfo) { fmt.Println("accepted:", i.Denial == nil) },
		},
	})
	if err != nil {
		panic(err)
	}
	token := srv.Mint(coretest.Grant{Scope: "read"})
	fmt.Println(status(v, token, core.AllOf("read")), status(v, token, core.AllOf("read")))
	fmt.Println(v.Stats().ActiveEntries)
	// Output:
	// looked: miss
	// our token: absent <nil>
	// asked: 1 <nil>
	// accepted: true
	// looked: hit
	// accepted: true
	// 200 200
	// 1
}
