package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestEncode(t *testing.T) {
	for _, row := range []struct{ name, line, want string }{ // want: the body, or the start of the error
		{
			"a user", `{"message":{"alert":"x"},"target":{"userIds":["a","b"]}}`,
			`{"message":{"alert":"x"},"target":{"userIds":["a","b"]}}`,
		},
		{
			"a device, with settings and a type", `{"target":{"deviceIds":["d"]},"settings":{"apns":{"badge":1}},"notificationType":1,"message":{"alert":"x"}}`,
			`{"message":{"alert":"x"},"notificationType":1,"target":{"deviceIds":["d"]},"settings":{"apns":{"badge":1}}}`,
		},
		{"platforms", `{"message":{"alert":"x"},"target":{"platforms":["A"]}}`, `{"message":{"alert":"x"},"target":{"platforms":["A"]}}`},
		{"tags", `{"message":{"alert":"x"},"target":{"tagNames":["t"]}}`, `{"message":{"alert":"x"},"target":{"tagNames":["t"]}}`},
		{"everybody is no target", `{"message":{"alert":"x"},"target":{"broadcast":true}}`, `{"message":{"alert":"x"}}`},
		{"null is absent", `{"message":{"alert":"x"},"target":{"userIds":["a"],"tagNames":null}}`, `{"message":{"alert":"x"},"target":{"userIds":["a"]}}`},
		{"text is kept as it is", `{"message":{"alert":"ü 👋 \u0007","url":"x"},"target":{"userIds":["é"]}}`, `{"message":{"alert":"ü 👋 \u0007","url":"x"},"target":{"userIds":["é"]}}`},

		{"no target", `{"message":{"alert":"x"}}`, "it names no target"},
		{"null for a target", `{"message":{"alert":"x"},"target":null}`, "it names no target"},
		{"a target of nothing", `{"message":{"alert":"x"},"target":{}}`, "it names no target"},
		{"broadcast denied", `{"message":{"alert":"x"},"target":{"broadcast":false}}`, "it names no target"},
		{"a misspelt target", `{"message":{"alert":"x"},"targets":{"userIds":["a"]}}`, "it is not a message: json: unknown field"},
		{"a misspelt list", `{"message":{"alert":"x"},"target":{"users":["a"]}}`, "it is not a message: json: unknown field"},
		{"two targets", `{"message":{"alert":"x"},"target":{"userIds":["a"],"tagNames":["t"]}}`, "it names more than one target"},
		{"a target and everybody", `{"message":{"alert":"x"},"target":{"userIds":["a"],"broadcast":true}}`, "it names more than one target"},
		{"an empty list", `{"message":{"alert":"x"},"target":{"userIds":[]}}`, "its target is an empty list"},
		{"an empty element", `{"message":{"alert":"x"},"target":{"userIds":["a",""]}}`, "its target has an empty element"},
		{"a list that is none", `{"message":{"alert":"x"},"target":{"userIds":"a"}}`, "target.userIds is of the wrong kind"},
		{"no message", `{"target":{"userIds":["a"]}}`, "message.alert"},
		{"no alert", `{"message":{},"target":{"userIds":["a"]}}`, "message.alert"},
		{"an empty alert", `{"message":{"alert":""},"target":{"userIds":["a"]}}`, "message.alert"},
		{"an alert that is no text", `{"message":{"alert":5},"target":{"userIds":["a"]}}`, "message.alert"},
		{"a message that is no object", `{"message":"x","target":{"userIds":["a"]}}`, "message.alert"},
		{"null", `null`, "message.alert"},
		{"an array", `[{"message":{"alert":"x"}}]`, "it is not a message"},
		{"cut off", `{"message":{"alert":"x"},"tar`, "it is not a message"},
		{"two on a line", `{"message":{"alert":"x"},"target":{"userIds":["a"]}} {}`, "there is something behind"},
		{"Latin-1", "{\"message\":{\"alert\":\"\xfc\"},\"target\":{\"userIds\":[\"a\"]}}", "it is not UTF-8"},
	} {
		got, err := encode([]byte(row.line))
		if strings.HasPrefix(row.want, "{") {
			if err != nil || string(got) != row.want {
				t.Errorf("%s: got %s, %v, want %s", row.name, got, err, row.want)
			}
		} else if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%s: got %s, %v, want %q", row.name, got, err, row.want)
		}
	}
}

// FuzzEncode wants of every line that passes that it says to whom it goes, and that the body goes to nobody else.
func FuzzEncode(f *testing.F) {
	f.Add(`{"message":{"alert":"x"},"target":{"userIds":["a"]}}`)
	f.Add(`{"message":{"alert":"x"},"target":{"broadcast":true}}`)
	f.Add(`{"message":{"alert":"x"},"target":{"userIds":["a"]},"Target":{"tagNames":null,"broadcast":true}}`)
	f.Fuzz(func(t *testing.T, line string) {
		body, err := encode([]byte(line))
		if err != nil {
			return
		}
		var sent struct {
			Message struct{ Alert string }
			Target  map[string][]string
		}
		if err := json.Unmarshal(body, &sent); err != nil || sent.Message.Alert == "" {
			t.Fatalf("%q became %q: %v", line, body, err)
		}
		var said message
		if err := json.Unmarshal([]byte(line), &said); err != nil || len(sent.Target) == 0 && !said.Target.Broadcast {
			t.Errorf("%q became a message to everybody: %q", line, body)
		}
		if len(sent.Target) > 1 {
			t.Errorf("%q became %q, with two targets", line, body)
		}
	})
}
