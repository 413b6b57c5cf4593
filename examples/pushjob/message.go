package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// message is a line of the input. The push service gets it unchanged, except for a broadcast.
type message struct {
	Message          json.RawMessage `json:"message"`
	NotificationType *int            `json:"notificationType,omitempty"`
	Target           *target         `json:"target,omitempty"`
	Settings         json.RawMessage `json:"settings,omitempty"`
}

// target selects who gets a message. Broadcast is ours: to the push service, a message without a
// target is a broadcast.
type target struct {
	DeviceIDs []string `json:"deviceIds,omitempty"`
	Platforms []string `json:"platforms,omitempty"`
	TagNames  []string `json:"tagNames,omitempty"`
	UserIDs   []string `json:"userIds,omitempty"`
	Broadcast bool     `json:"broadcast,omitempty"`
}

// encode checks a line and returns the body to post. An unknown member is an error: a misspelt
// target would otherwise make the message a broadcast. The errors name members and contain no text
// of the message.
func encode(text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("it is not UTF-8")
	}
	var m message
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
			return nil, fmt.Errorf("%s is of the wrong kind", e.Field)
		}
		return nil, fmt.Errorf("it is not a message: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something behind the message")
	}
	var content struct {
		Alert string `json:"alert"`
	}
	if len(m.Message) == 0 || json.Unmarshal(m.Message, &content) != nil || content.Alert == "" {
		return nil, errors.New("message.alert is no text, or missing")
	}
	if m.Target == nil {
		return nil, errNoTarget
	}
	if err := m.Target.check(); err != nil {
		return nil, err
	}
	if m.Target.Broadcast {
		m.Target = nil
	}
	return json.Marshal(m)
}

var errNoTarget = errors.New(`it names no target: want deviceIds, platforms, tagNames, userIds, or "broadcast":true`)

// check requires exactly one target. An empty list is an error, because its meaning to the push
// service is not known.
func (t *target) check() error {
	targets := 0
	if t.Broadcast {
		targets++
	}
	for _, list := range [][]string{t.DeviceIDs, t.Platforms, t.TagNames, t.UserIDs} {
		if list == nil {
			continue
		}
		targets++
		if len(list) == 0 {
			return errors.New("its target is an empty list")
		}
		for _, element := range list {
			if element == "" {
				return errors.New("its target has an empty element")
			}
		}
	}
	switch targets {
	case 0:
		return errNoTarget
	case 1:
		return nil
	}
	return errors.New("it names more than one target")
}
