package core_test

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// During a migration two servers issue the tokens of one service. The issuer of a JWT picks the server that is asked about it; all
// other tokens belong to the default one. The Verifier is used as any other.
func ExampleSeveral() {
	mfpServer, mfp := start()
	kcServer, kc := start()
	const issuer = "https://kc.example.com/realms/a"

	v, err := core.Several(core.Default(mfp), core.Issuer(issuer, kc))
	if err != nil {
		panic(err)
	}
	guard, err := v.Guard(core.AllOf("orders.read"))
	if err != nil {
		panic(err)
	}

	opaque := mfpServer.Mint(coretest.Grant{Scope: "orders.read", ClientID: "the app"})
	jwt := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+issuer+`"}`)) + ".c2ln"
	kcServer.SetAnswer(jwt, `{"active":true,"scope":"orders.read","client_id":"the new app"}`)
	for _, token := range []string{opaque, jwt} {
		p, denial := guard.Authorize(context.Background(), core.Request{Authorization: []string{"Bearer " + token}})
		fmt.Println(p.ClientID(), denial == nil)
	}
	fmt.Println(mfpServer.Calls().Introspection, kcServer.Calls().Introspection)

	// A readiness probe asks the servers one by one: while one of them works, its users can be served.
	kcServer.Inject(coretest.Introspection, coretest.Always, coretest.Status(403))
	ctx := context.Background()
	fmt.Println(mfp.Ready(ctx) == nil || kc.Ready(ctx) == nil)
	fmt.Println(v.Ready(ctx) == nil)
	// Output:
	// the app true
	// the new app true
	// 1 1
	// true
	// false
}
