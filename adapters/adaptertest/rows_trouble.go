package adaptertest

import (
	"net/http"

	"github.com/mfpguard/mfpguard/core/coretest"
)

// troubleRows are about an authorization server that gives no usable answer. Each starts with a
// fresh server. The client gets 503 and Retry-After, is not told that its token is bad, and is
// never let in (A30, A80).
var troubleRows = []row{
	{id: "BT-58 A30", name: "the server is down", fields: bearer, as: down, want: to(unavailable)},
	{id: "BT-58 A30", name: "the server is down and the route optional", line: "GET /optional HTTP/1.1", fields: bearer, as: down, want: to(unavailable)},
	{id: "A30", name: "a HEAD request while the server is down", line: "HEAD /any HTTP/1.1", fields: bearer, as: down, want: to(unavailable)},
	{id: "A30", name: "the server is down and the request has no token", as: down, want: to(noToken)},
	{id: "A30", name: "500", fields: bearer, as: always(coretest.Status(500)), want: to(unavailable)},
	{id: "A34", name: "500 with a good body", fields: bearer, as: always(coretest.Body(500, "application/json", `{"active":true}`)), want: to(unavailable)},
	{id: "A30", name: "429 with Retry-After", fields: bearer, as: always(coretest.Status(429, "Retry-After", "7")), want: to(unavailable), retry: "7"},
	{id: "A30", name: "503 with Retry-After", fields: bearer, as: always(coretest.Status(503, "Retry-After", "2")), want: to(unavailable), retry: "2"},
	{id: "A80 IN-32", name: "401 for our own token", except: mobileFirst7, fields: bearer, as: always(coretest.Status(401, "WWW-Authenticate", `Bearer error="invalid_token"`)), want: to(unavailable)},
	{id: "SV-03", name: "401 that refuses the token", only: mobileFirst7, fields: bearer, as: always(coretest.Status(401, "WWW-Authenticate", `Bearer error="invalid_token"`)), want: to(invalid)},
	{id: "SV-03", name: "401 that gives no reason", only: mobileFirst7, fields: bearer, as: always(coretest.Status(401)), want: to(unavailable)},
	{id: "A80", name: "403 for our own token", fields: bearer, as: always(coretest.Status(403)), want: to(unavailable)},
	{id: "A63 A64", name: "400 with a description that would split the answer", fields: bearer, as: always(splitting), want: to(unavailable)},
	{id: "A31", name: "an empty 200", fields: bearer, as: always(coretest.Body(200, "application/json", "")), want: to(unavailable)},
	{id: "A31", name: "a page for an answer", fields: bearer, as: always(coretest.HTML(200)), want: to(unavailable)},
	{id: "A32 MFP-06", name: "active is missing", fields: bearer, as: always(coretest.DropMember("active")), want: to(unavailable)},
	{id: "A33", name: "active is a string", fields: bearer, as: always(coretest.SetMember("active", `"true"`)), want: to(unavailable)},
	{id: "A33", name: "active is a number", fields: bearer, as: always(coretest.SetMember("active", `1`)), want: to(unavailable)},
	{id: "A33", name: "active is null", fields: bearer, as: always(coretest.SetMember("active", `null`)), want: to(unavailable)},
	{id: "A65", name: "active twice", fields: bearer, as: always(coretest.RepeatMember("active", `true`)), want: to(unavailable)},
	{id: "A59", name: "a redirect", fields: bearer, as: always(coretest.Redirect(307, "http://127.0.0.1:1/")), want: to(unavailable)},
	{id: "A30", name: "a connection cut short", fields: bearer, as: always(coretest.Truncate()), want: to(unavailable)},
	{id: "A80 CC-60", name: "our credentials are refused", except: mobileFirst7, fields: bearer, as: deleted, want: to(unavailable)},
	{id: "MFP-09", name: "409 from a server that is not MobileFirst", except: mobileFirst, fields: bearer, as: always(coretest.Status(409, "MFP-Conflict", "true")), want: to(unavailable)},
}

func down(as *coretest.Server, _ string) { as.Down() }

func deleted(as *coretest.Server, _ string) { as.DeleteClient(clientID) }

func always(fault coretest.Fault) func(*coretest.Server, string) {
	return func(as *coretest.Server, _ string) {
		as.Inject(coretest.Introspection, coretest.Always, fault)
	}
}

// splitting answers with text that must not reach a client, including the token.
func splitting(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	w.Header()["WWW-Authenticate"] = []string{`Bearer realm="` + r.PostForm.Get("token") + `"`}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	w.Write([]byte(`{"error":"x\", scope=\"admin","error_description":"a\"\r\nSet-Cookie: ` + r.PostForm.Get("token") + `"}`))
}
