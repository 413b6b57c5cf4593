package coretest

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// Edit calls edit with the members of the server's answer and sends the result. Numbers are
// json.Number values. New values may be anything that encoding/json can encode, including
// json.RawMessage; other values cause a panic. An answer that is not a JSON object passes
// unchanged.
func Edit(edit func(answer map[string]any)) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := overhear(next, r)
		d := json.NewDecoder(bytes.NewReader(a.body))
		d.UseNumber()
		var answer map[string]any
		if d.Decode(&answer) != nil || answer == nil {
			a.sendWhole(w, a.body)
			return
		}
		edit(answer)
		a.sendWhole(w, mustJSON("Edit", answer))
	}
}

// SetMember replaces or adds a member of the server's answer. The value is JSON text:
//
//	coretest.SetMember("expires_in", `"3600"`)
//
// It panics if the value is not JSON.
func SetMember(name, value string) Fault {
	if !json.Valid([]byte(value)) {
		panic("coretest: SetMember: value is not JSON")
	}
	return Edit(func(answer map[string]any) { answer[name] = json.RawMessage(value) })
}

// DropMember removes a member from the server's answer.
func DropMember(name string) Fault {
	return Edit(func(answer map[string]any) { delete(answer, name) })
}

// RepeatMember adds a member to the end of the server's answer without looking for an existing one,
// so a name may occur twice. Many decoders use the last one. The value is JSON text. Neither it nor
// the name is checked.
func RepeatMember(name, value string) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := overhear(next, r)
		end := bytes.LastIndexByte(a.body, '}')
		if end < 0 {
			a.sendWhole(w, a.body)
			return
		}
		body := append(bytes.Clone(a.body[:end]), `,"`+name+`":`+value+`}`...)
		a.sendWhole(w, body)
	}
}
