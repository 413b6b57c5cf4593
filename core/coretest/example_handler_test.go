package coretest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// greet is a handler under test. In the service it stands behind a guard.
func greet(w http.ResponseWriter, r *http.Request) {
	if user, ok := core.MustFromContext(r.Context()).User(); ok {
		fmt.Fprintln(w, "hello,", user.DisplayName)
		return
	}
	http.Error(w, "sign in first", http.StatusForbidden)
}

func ExamplePrincipal() {
	for _, g := range []coretest.Grant{{User: &coretest.User{ID: "alice", DisplayName: "Alice"}}, {}} {
		r := httptest.NewRequest("GET", "/", nil)
		r = r.WithContext(core.NewContext(r.Context(), coretest.Principal(g)))
		w := httptest.NewRecorder()
		greet(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 hello, Alice
	// 403 sign in first
}

func ExampleField() {
	srv := coretest.New()
	service, err := orders(srv, "test", "test")
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	service.ServeHTTP(w, httptest.NewRequest("GET", "/orders", nil))
	fmt.Printf("%q\n", w.Header().Get("WWW-Authenticate"))
	fmt.Printf("%q\n", coretest.Field(w.Header(), "WWW-Authenticate"))
	// Output:
	// ""
	// "Bearer"
}
