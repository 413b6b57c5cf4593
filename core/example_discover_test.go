package core_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mfpguard/mfpguard/core"
)

// Discover is an explicit call. Its result tells New where to ask, and which issuer the tokens
// have.
func ExampleDiscover() {
	as := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		issuer := "http://" + r.Host
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/.well-known/oauth-authorization-server":
			fmt.Fprintf(w, `{"issuer":%q,"introspection_endpoint":%q}`, issuer, issuer+"/introspect")
		case "/introspect":
			fmt.Fprintf(w, `{"active":true,"iss":%q,"sub":"alice"}`, issuer)
		}
	}))
	defer as.Close()

	m, err := core.Discover(context.Background(), core.DiscoverConfig{Issuer: as.URL})
	if err != nil {
		panic(err)
	}
	v, err := core.New(core.Config{
		Profile:  core.RFC7662(core.RFC7662Config{Metadata: m, AnyAudience: true}),
		ClientID: "orders-api", ClientSecret: "from your secret store",
	})
	if err != nil {
		panic(err)
	}
	g, err := v.Guard(core.Authenticated())
	if err != nil {
		panic(err)
	}
	p, denial := g.Authorize(context.Background(), core.Request{Authorization: []string{"Bearer T1"}})
	user, _ := p.User()
	fmt.Println(denial == nil, user.ID)
	// Output: true alice
}
