package coretest

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// Edit lets a function change the members of the proper answer. Numbers come as json.Number; a value may be replaced by
// anything encoding/json accepts, json.RawMessage included, and the result panics if it cannot be encoded. An answer that
// is not a JSON object passes unchanged.
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

// SetMember replaces or adds one member of the proper answer. The value is JSON text:
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

// DropMember takes one member out of the proper answer.
func DropMember(name string) Fault {
	return Edit(func(answer map[string]any) { delete(answer, name) })
}

// RepeatMember adds a member to the end of the proper answer although it may be there already, so that a name occurs twice.
// Many decoders believe the last one. The name and the value, which is JSON text, are not checked.
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
