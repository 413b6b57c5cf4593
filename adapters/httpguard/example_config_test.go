package httpguard_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mfpguard/mfpguard/adapters/httpguard"
	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// A company's own error format. Status, challenge and the other fields of the denial stay.
func ExampleConfig() {
	as := coretest.NewServer()
	defer as.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := httpguard.Require(v, core.Authenticated(), httpguard.Config{
		Next: func(r *http.Request) bool { return r.URL.Path == "/health" },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, d *core.Denial) {
			w.Header().Set("Content-Type", "application/problem+json")
			json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(d.Status), "status": d.Status, "code": d.Reason})
		},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	h := guard(mux)

	for _, path := range []string{"/health", "/account"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		//lint:ignore SA1008 the guard writes the name as clients look for it, which Header.Get does not find in a recorder
		fmt.Print(w.Code, w.Header()["WWW-Authenticate"], " ", w.Body)
	}
	// Output:
	// 200 [] ok
	// 401 [Bearer] {"code":"no_token","status":401,"title":"Unauthorized"}
}

// A hook counts the refusals and answers them as Require does.
func ExampleWrite() {
	as := coretest.NewServer()
	defer as.Close()
	v, err := core.New(core.Config{Profile: core.MobileFirst8(as.BaseURL()), ClientID: "test", ClientSecret: "test"})
	if err != nil {
		fmt.Println(err)
		return
	}
	refused := map[core.Reason]int{}
	guard := httpguard.Require(v, core.Authenticated(), httpguard.Config{
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, d *core.Denial) {
			refused[d.Reason]++
			httpguard.Write(w, d)
		},
	})
	w := httptest.NewRecorder()
	guard(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Println(w.Code, w.Body, refused)
	// Output:
	// 401 {"error":"missing_token"} map[no_token:1]
}
