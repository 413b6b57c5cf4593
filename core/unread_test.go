package core_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mfpguard/mfpguard/core"
	"github.com/mfpguard/mfpguard/core/coretest"
)

// unreadable are values in which something cannot be read: not the text of a display name, nor anything else.
var unreadable = map[string]string{
	"half a surrogate pair":          `"canary\ud800"`,
	"a Latin-1 byte":                 "\"canary\xe9\"",
	"a name twice in it":             `{"canary":1,"canary":2}`,
	"an unreadable name in it":       `{"canary\ud800":1}`,
	"nested too deep":                strings.Repeat("[", 50) + `"canary"` + strings.Repeat("]", 50),
	"nested a hundred thousand deep": strings.Repeat(`{"canary":[`, 50_000) + strings.Repeat("]}", 50_000),
}

// told is what became of one question: the outcome, who the caller is as JSON, and what the log says of members left out.
func told(t *testing.T, answer string) (got, who, log string, p core.Principal) {
	t.Helper()
	var lines bytes.Buffer
	srv := coretest.New()
	srv.SetAnswer(t1, answer)
	v := mobileFirst(t, srv, func(c *core.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
	})
	p, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
	authorize(t.Context(), v, bearer(t1), core.Authenticated()) // remembered, or asked again
	if d == nil {
		b, err := json.Marshal(p)
		if err != nil {
			t.Errorf("%v has no JSON form: %v", p, err)
		}
		who = string(b)
	}
	if strings.Contains(lines.String(), "canary") {
		t.Errorf("the log has the value:\n%s", &lines)
	}
	for line := range strings.Lines(lines.String()) {
		if strings.HasPrefix(line, leftOut) {
			log += line
		}
	}
	return outcome(d), who, log, p
}

const leftOut = `level=DEBUG msg="members of an answer cannot be read and are left out" members=`

// JL-03: what is only shown and cannot be read is absent, the answer counts, and one Debug line names the member.
func TestWhatIsOnlyShownMayBeUnreadable(t *testing.T) {
	place := `{"active":true,"client_id":"c1","scope":"a","exp":4102444800000,` +
		`"mfp-application":{"id":"app","clientPlatform":"ios","version":%s},` +
		`"mfp-device":{"id":"d1","hardware":"h","platform":"p","deviceDisplayName":%s,"status":"ACTIVE"},` +
		`"mfp-user":{"id":"alice","displayName":%s,"authenticatedBy":"UserLogin","authenticatedAt":1800000000000,"attributes":{"role":"clerk","bad":%s}},` +
		`"mfp-checks":{"Good":{"x":1},"Bad":%s},"extension":%s}`
	good := []any{`"2.0"`, `"Phone"`, `"Alice"`, `1`, `{"y":2}`, `[3]`}
	for i, tt := range []struct{ name, log, without string }{
		{"version", `in mfp-application: member "version"`, `"version":"2.0"`},
		{"deviceDisplayName", `in mfp-device: member "deviceDisplayName"`, `"display_name":"Phone"`},
		{"displayName", `in mfp-user: member "displayName"`, `"display_name":"Alice"`},
		{"attribute", `in the attributes of mfp-user: member "bad"`, `"bad":1`},
		{"check", `in mfp-checks: member "Bad"`, "nothing"},
		{"extension", `member "extension"`, "nothing"},
	} {
		_, who, log, _ := told(t, fmt.Sprintf(place, good...))
		if log != "" {
			t.Errorf("%s: nothing is wrong, but the log says\n%s", tt.name, log)
		}
		want := strings.NewReplacer(","+tt.without, "", tt.without+",", "").Replace(who)
		for kind, value := range unreadable {
			t.Run(tt.name+": "+kind, func(t *testing.T) {
				values := slices.Clone(good)
				values[i] = value
				got, who, log, p := told(t, fmt.Sprintf(place, values...))
				if got != "ok" || who != want {
					t.Errorf("got %s and\n%s\nwant\n%s", got, who, want)
				}
				if named := strings.ReplaceAll(tt.log, `"`, `\"`); strings.Count(log, leftOut+`"`+named+" ") != 1 || strings.Count(log, "\n") != 1 {
					t.Errorf("the log is\n%s\nwant one line that names %s", log, tt.log)
				}
				var check, extension any
				_, err1 := p.Check("Bad", &check)
				_, err2 := p.Member("extension", &extension)
				if ok := fmt.Sprint(check != nil, extension != nil, err1, err2); ok != fmt.Sprint(i != 4, i != 5, nil, nil) {
					t.Errorf("check and extension are %v, %v, %v, %v", check, err1, extension, err2)
				}
				if ok, err := p.Check("Good", &check); !ok || err != nil {
					t.Errorf("the other check is %v, %v", ok, err)
				}
			})
		}
	}
}

// JL-03: the same for values of another type, and for names that come twice.
func TestWhatIsOnlyShownMayBeOfAnotherType(t *testing.T) {
	for _, tt := range []struct{ members, who, log string }{
		{`"mfp-user":{"id":"a","displayName":5}`, `"user":{"id":"a"}`, `in mfp-user: member "displayName" is a number, want a string`},
		{`"mfp-user":{"id":"a","displayName":"A","displayName":"B"}`, `"user":{"id":"a"}`, `in mfp-user: member "displayName" appears twice in one object`},
		{`"mfp-user":{"id":"a","authenticatedAt":"now"}`, `"user":{"id":"a"}`, `in mfp-user: member "authenticatedAt" is a string, want a number`},
		{`"mfp-user":{"id":"a","authenticatedBy":[]}`, `"user":{"id":"a"}`, `in mfp-user: member "authenticatedBy" is an array, want a string`},
		{`"mfp-user":{"id":"a","attributes":[]}`, `"user":{"id":"a"}`, `in mfp-user: member "attributes" is an array, want an object`},
		{`"mfp-user":{"id":"a","attributes":{"x":1,"y":2,"x":3}}`, `"user":{"id":"a","attributes":{"y":2}}`, `in the attributes of mfp-user: member "x" appears twice in one object`},
		{`"mfp-user":{"id":"a","attributes":{"x":1},"attributes":{}}`, `"user":{"id":"a"}`, `in mfp-user: member "attributes" appears twice in one object`},
		{`"mfp-application":{"id":"a","version":1}`, `"application":{"id":"a"}`, `in mfp-application: member "version" is a number, want a string`},
		{`"mfp-device":1`, `"device":null`, `member "mfp-device" is a number, want an object`},
		{`"mfp-device":{"id":"a"},"mfp-device":{"id":"b"}`, `"device":null`, `member "mfp-device" appears twice in one object`},
		{`"mfp-device":{"id":5,"status":"LOST"}`, `"device":{"id":"","status":"LOST"}`, `in mfp-device: member "id" is a number, want a string`},
		{`"mfp-device":{"id":"a","status":false}`, `"device":{"id":"a"}`, `in mfp-device: member "status" is a boolean, want a string`},
		{`"mfp-device":{"id":"a","status":"LOST","status":"ACTIVE"}`, `"device":{"id":"a"}`, `in mfp-device: member "status" appears twice in one object`},
		{`"mfp-checks":"x"`, `"user":null`, `member "mfp-checks" is a string, want an object`},
		{`"mfp-checks":{},"mfp-checks":{}`, `"user":null`, `member "mfp-checks" appears twice in one object`},
		{`"jti":"x","jti":"y"`, `"user":null`, `member "jti" appears twice in one object`},
		{
			`"mfp-user":{"id":"a","displayName":5,"attributes":{"\ud800":1}}`, `"user":{"id":"a"}`,
			`in mfp-user: member "displayName" is a number, want a string; ` +
				`in mfp-user: member "attributes": the name of a member has half of a surrogate pair in it before byte 10`,
		},
	} {
		t.Run(tt.members, func(t *testing.T) {
			got, who, log, _ := told(t, `{"active":true,`+tt.members+`}`)
			if got != "ok" || !strings.Contains(who, tt.who) {
				t.Errorf("got %s and %s, want %s", got, who, tt.who)
			}
			if want := leftOut + fmt.Sprintf("%q\n", tt.log); log != want {
				t.Errorf("the log is\n%swant\n%s", log, want)
			}
		})
	}
}

// JL-03: a server of another kind may mean what it likes by MobileFirst's members; they can be read, or are absent.
func TestUnreadableMembersOfRFC7662(t *testing.T) {
	var lines bytes.Buffer
	a := newAsker()
	a.set(t1, `{"active":true,"sub":"u1","name":"\ud800","mfp-user":{"id":"a","id":"b"},"groups":["x"]}`)
	v := rfc7662(t, a, func(c *core.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	p, d := authorize(t.Context(), v, bearer(t1), core.Authenticated())
	if u, ok := p.User(); d != nil || !ok || u.ID != "u1" {
		t.Fatalf("got %s, %+v", outcome(d), u)
	}
	for name, want := range map[string]bool{"name": false, "mfp-user": false, "groups": true, "nothing": false} {
		if ok, err := p.Member(name, new(any)); ok != want || err != nil {
			t.Errorf("member %s: %v, %v, want %v", name, ok, err, want)
		}
	}
	const want = `members="member \"mfp-user\" has two members of the same name in it; member \"name\" has half of a surrogate pair in it"`
	if strings.Count(lines.String(), want) != 1 {
		t.Errorf("the log is\n%s\nwant %s", &lines, want)
	}
}

// JL-03: the line is bounded, and shows no name that may be something else.
func TestUnreadableMembersAreNamedWithCare(t *testing.T) {
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, `,"m%d":"\ud800"`, i)
	}
	_, _, log, _ := told(t, `{"active":true`+many.String()+`}`)
	if !strings.Contains(log, "; and 992 more") || len(log) > 1000 {
		t.Errorf("got\n%s", log)
	}
	_, _, log, _ = told(t, `{"active":true,"canary-4711-canary":"\ud800","`+strings.Repeat("canary", 9)+`":"\ud800"}`)
	if !strings.Contains(log, "a member with a long name has half") || !strings.Contains(log, "a member with an unusual name has half") {
		t.Errorf("got\n%s", log)
	}
}

// JL-03: a member that a decision or an identity hangs on must be readable, and there once.
func TestWhatADecisionHangsOnMustBeReadable(t *testing.T) {
	var bodies []string
	for name, value := range map[string]string{
		"active": `true`, "scope": `"a"`, "exp": `4102444800`, "nbf": `1`, "iat": `1`, "iss": `"i"`, "aud": `"a"`, "client_id": `"c"`,
		"username": `"u"`, "sub": `"s"`, "token_type": `"Bearer"`, "token_use": `"access_token"`, "typ": `"JWT"`, "cnf": `{"jkt":"x"}`,
		"mfp-user": `{"id":"a"}`, "mfp-application": `{"id":"a"}`,
	} {
		active := `"active":true,`
		if name == "active" {
			active = ""
		}
		bodies = append(bodies, fmt.Sprintf(`{%s%q:%s,%[2]q:%[3]s}`, active, name, value), fmt.Sprintf(`{%s%q:%s,"x":1,"\u%04x%s":0}`, active, name, value, name[0], name[1:]))
		for kind, broken := range unreadable {
			if strings.HasPrefix(name, "mfp-") && strings.HasPrefix(broken, "{") && kind != "an unreadable name in it" {
				continue // something in it is broken, and not what counts
			}
			bodies = append(bodies, fmt.Sprintf(`{%s%q:%s}`, active, name, broken))
		}
	}
	for _, object := range []string{"mfp-user", "mfp-application"} {
		bodies = append(bodies, fmt.Sprintf(`{"active":true,%q:{"id":"a","id":"a"}}`, object), fmt.Sprintf(`{"active":true,%q:{"id":5}}`, object))
		for _, broken := range unreadable {
			bodies = append(bodies, fmt.Sprintf(`{"active":true,%q:{"id":%s}}`, object, broken))
		}
	}
	for _, body := range append(bodies,
		`{"active":true,"x":"\ud800","active":false}`,
		`{"active":true,"\ud800":1}`, "{\"active\":true,\"active\xff\":false}", "\ufeff"+`{"active":true}`,
	) {
		if got, _, log, _ := told(t, body); got != "503" || log != "" {
			t.Errorf("%.200q: got %s and\n%s", body, got, log)
		}
	}
}

// JL-03: of an inactive answer only that counts, and nothing is left out of it.
func TestUnreadableMembersOfAnInactiveAnswer(t *testing.T) {
	got, _, log, _ := told(t, `{"active":false,"sub":"\ud800","x":"\ud800","exp":1,"exp":2}`)
	if got != invalidToken || log != "" {
		t.Errorf("got %s and\n%s", got, log)
	}
}

// AV-01: answers that cannot be read stop no calls for others, whichever member it is.
func TestUnreadableAnswersAreTheirOwnersTrouble(t *testing.T) {
	for kind, value := range unreadable {
		for _, member := range []string{`"sub":` + value, `"mfp-user":{"id":"mallory","displayName":` + value + `}`, `"scope":"a","scope":"b"`} {
			t.Run(kind+": "+member[:8], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := coretest.New()
					srv.SetAnswer(t1, active)
					for i := range 20 {
						srv.SetAnswer(fmt.Sprint("hostile", i), `{"active":true,`+member+`}`)
					}
					v := mobileFirst(t, srv)
					for i := range 20 {
						authorize(t.Context(), v, bearer(fmt.Sprint("hostile", i)), core.Authenticated())
					}
					if _, d := authorize(t.Context(), v, bearer(t1), core.Authenticated()); d != nil {
						t.Errorf("another user got %s: %v", outcome(d), d.Cause)
					}
				})
			})
		}
	}
}
