package coretest

import (
	"encoding/json"
	"io"
	"net/http"
)

// pushBody is the part of a message that the push service checks.
type pushBody struct {
	Message json.RawMessage            `json:"message"`
	Target  map[string]json.RawMessage `json:"target"` // nil means everybody

	alert string
}

// read decodes the body of a call. It returns the raw body, or what is wrong with it.
func (b *pushBody) read(r *http.Request) (raw []byte, complaint string) {
	raw, _ = io.ReadAll(r.Body) // of memory: it never fails
	if json.Unmarshal(raw, b) != nil {
		return nil, "Invalid JSON."
	}
	var message struct {
		Alert string `json:"alert"`
	}
	if len(b.Message) == 0 || json.Unmarshal(b.Message, &message) != nil || message.Alert == "" {
		return nil, "message.alert is missing."
	}
	b.alert = message.Alert
	targets := 0
	for _, value := range b.Target {
		if string(value) != "null" {
			targets++
		}
	}
	if targets > 1 {
		return nil, "More than one target."
	}
	return raw, ""
}
