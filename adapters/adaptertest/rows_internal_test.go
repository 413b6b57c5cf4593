package adaptertest

import (
	"slices"
	"strings"
	"testing"
)

// proved are the requirements that an adapter proves by passing the suite's tables: none of their rows may get lost.
const proved = `
	BT-01 BT-02 BT-03 BT-04 BT-05 BT-06 BT-07 BT-08 BT-09 BT-10 BT-11 BT-12 BT-13 BT-14 BT-15 BT-16 BT-17 BT-18 BT-19 BT-20
	BT-21 BT-22 BT-23 BT-24 BT-27 BT-39 BT-40 BT-43 BT-44 BT-45 BT-46 BT-47 BT-48 BT-53 BT-56 BT-57 BT-58 BT-62 BCP-06
	MFP-06 MFP-09 MFP-14 MFP-15 MFP-17 MFP-19 MFP-20 MFP-21
	A30 A31 A32 A33 A34 A40 A41 A42 A43 A44 A45 A46 A47 A48 A49 A50 A51 A53 A54 A55 A58 A63 A78 A80 MW-03`

func TestNoRowIsLost(t *testing.T) {
	var named []string
	for _, table := range [][]row{credentialRows, sourceRows, answerRows, optionalRows, serverRows, troubleRows, layerRows} {
		if len(table) == 0 {
			t.Error("a table is empty")
		}
		for _, r := range table {
			named = append(named, strings.Fields(r.id)...)
		}
	}
	for id := range strings.FieldsSeq(proved) {
		if !slices.Contains(named, id) {
			t.Errorf("no row of the suite proves %s", id)
		}
	}
}

// What holds for every refusal is judged in one place and not by rows of its own, so that place is held against answers that
// are wrong in one way each.
func TestJudgeSeesWhatIsWrong(t *testing.T) {
	good := []string{"Cache-Control: no-store", "Content-Type: application/json", `WWW-Authenticate: Bearer error="insufficient_scope", scope="a b"`, "Date: today"}
	const body = `{"error":"insufficient_scope"}`
	for _, tt := range []struct {
		name   string
		status int
		fields []string
		body   string
		right  bool
	}{
		{"the right answer", 403, good, body, true},
		{"another status", 401, good, body, false},
		{"another body", 403, good, `{"error":"x"}`, false},
		{"a line break behind the body", 403, good, body + "\n", false},
		{"no challenge", 403, slices.Delete(slices.Clone(good), 2, 3), body, false},                                                                        // BT-41
		{"two challenges", 403, append(slices.Clone(good), "WWW-Authenticate: Bearer"), body, false},                                                       // MFP-11
		{"a challenge of another spelling", 403, replaced(good, 2, `Www-Authenticate: Bearer error="insufficient_scope", scope="a b"`), body, false},       // MFP-10
		{"a scheme in lower case", 403, replaced(good, 2, `WWW-Authenticate: bearer error="insufficient_scope", scope="a b"`), body, false},                // MFP-13
		{"the scope before the error", 403, replaced(good, 2, `WWW-Authenticate: Bearer scope="a b", error="insufficient_scope"`), body, false},            // MFP-12
		{"another scope", 403, replaced(good, 2, `WWW-Authenticate: Bearer error="insufficient_scope", scope="b a"`), body, false},                         // BT-53
		{"a description", 403, replaced(good, 2, `WWW-Authenticate: Bearer error="insufficient_scope", error_description="no", scope="a b"`), body, false}, // BT-43
		{"an answer that may be stored", 403, replaced(good, 0, "Cache-Control: private"), body, false},                                                    // BT-61
		{"a conflict that is none", 403, append(slices.Clone(good), "MFP-Conflict: true"), body, false},                                                    // MFP-09
		{"a time to come back", 403, append(slices.Clone(good), "Retry-After: 5"), body, false},
		{"an entity tag", 403, append(slices.Clone(good), `ETag: "x"`), body, false},                      // MW-03
		{"a coding that is none", 403, append(slices.Clone(good), "Content-Encoding: gzip"), body, false}, // MW-03
		{"a cookie", 403, append(slices.Clone(good), "Set-Cookie: a=b"), body, false},
	} {
		x := exchange{need: "a b", quiet: true, response: &response{status: tt.status, fields: tt.fields, body: tt.body}}
		if got := mobileFirst.judge(stillLacks, x); (got == "") != tt.right {
			t.Errorf("%s: the judge says %q", tt.name, got)
		}
	}
	for name, x := range map[string]exchange{
		"the handler ran":                            {need: "a b", quiet: true, ran: 1, response: &response{status: 403, fields: good, body: body}},
		"the authorization server was asked":         {need: "a b", asks: 1, response: &response{status: 403, fields: good, body: body}},
		"something reached the authorization server": {need: "a b", response: &response{status: 403, fields: good, body: body}},
		"there is no answer":                         {need: "a b", quiet: true},
	} {
		if mobileFirst.judge(stillLacks, x) == "" {
			t.Errorf("%s: the judge says nothing", name)
		}
	}
}

func replaced(fields []string, i int, field string) []string {
	fields = slices.Clone(fields)
	fields[i] = field
	return fields
}
