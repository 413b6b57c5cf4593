package coretest

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pushPath is the base path of the push service. It is not below the path of the runtime.
const pushPath = "/imfpush/v1"

// Message is a push message that was accepted. It is not delivered: there are no devices.
type Message struct {
	ID       string // the messageId of the answer
	Alert    string // the text of the notification
	ClientID string // whose token it came with
	Body     string // as sent
}

// AddApp makes an app known to the push service. A new server knows no app. AddApp panics if the id
// is empty or contains a slash.
func (s *Server) AddApp(id string) {
	if id == "" || strings.Contains(id, "/") {
		panic("coretest: AddApp: the id is empty or holds a slash")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.messages[id]; !ok {
		s.messages[id] = nil
	}
}

// Messages returns all messages that were accepted for an app, oldest first. A message that was
// sent twice is there twice.
func (s *Server) Messages(appID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages[appID])
}

// pushApp returns the app in the path of a push message.
func pushApp(path string) (string, bool) {
	path, ours := strings.CutPrefix(path, pushPath+"/apps/")
	id, message := strings.CutSuffix(path, "/messages")
	return id, ours && message && id != "" && !strings.Contains(id, "/")
}

// servePush accepts a message, or answers what is wrong with it.
func (s *Server) servePush(w http.ResponseWriter, r *http.Request) {
	if !isPost(w, r) {
		return
	}
	app, _ := pushApp(r.URL.Path)
	g, ok := s.mayPush(w, r, app)
	if !ok {
		return
	}
	switch {
	case !s.hasApp(app):
		writePushError(w, http.StatusNotFound, "FPWSE0001E", "The application is not known.")
		return
	case !isJSON(r.Header.Get("Content-Type")):
		writePushError(w, http.StatusMethodNotAllowed, "FPWSE0006E", "Unsupported Content-Type.") // sic: 415 elsewhere
		return
	case !acceptsJSON(r.Header.Values("Accept")):
		writePushError(w, http.StatusNotAcceptable, "FPWSE0006E", "Unsupported Accept.")
		return
	}
	var body pushBody
	raw, complaint := body.read(r)
	if complaint != "" {
		writePushError(w, http.StatusBadRequest, "FPWSE0004E", complaint)
		return
	}
	id := s.accept(app, Message{Alert: body.alert, ClientID: g.ClientID, Body: string(raw)})
	writeJSON(w, http.StatusAccepted, map[string]any{
		"message":   map[string]json.RawMessage{"message": body.Message},
		"messageId": id,
	})
}

// mayPush checks the caller's token. It answers the call if the token is not sufficient.
func (s *Server) mayPush(w http.ResponseWriter, r *http.Request, app string) (*grant, bool) {
	g, ok := s.bearer(w, r)
	if !ok {
		return nil, false
	}
	want := []string{"messages.write", "push.application." + app}
	if g.covers(want) {
		return g, true
	}
	status := http.StatusForbidden
	if s.currentVariants().PushUnauthorized {
		status = http.StatusUnauthorized
	}
	writeInsufficient(w, status, want)
	return nil, false
}

func (s *Server) hasApp(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.messages[id]
	return ok
}

// accept stores a message under a new id.
func (s *Server) accept(app string, m Message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastMessage++
	m.ID = strconv.Itoa(s.lastMessage)
	s.messages[app] = append(s.messages[app], m)
	return m.ID
}

func isJSON(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == "application/json"
}

// acceptsJSON reports whether the values of Accept permit JSON. No value permits everything.
func acceptsJSON(fields []string) bool {
	for _, f := range fields {
		for one := range strings.SplitSeq(f, ",") {
			switch t, _, _ := mime.ParseMediaType(one); t {
			case "application/json", "application/*", "*/*":
				return true
			}
		}
	}
	return len(fields) == 0
}

// writePushError answers in the form of IBM's cloud push service, because the form of MobileFirst's
// is not documented.
func writePushError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]string{"code": code, "message": message})
}
