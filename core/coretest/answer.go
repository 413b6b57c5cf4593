package coretest

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// inactive is the whole answer about a token that is not valid.
type inactive struct {
	Active bool `json:"active"`
}

// active is the part of an answer that all valid tokens have.
type active struct {
	Active   bool   `json:"active"`
	Scope    string `json:"scope"`
	Username string `json:"username"`
	ClientID string `json:"client_id"`
	Expires  int64  `json:"exp"` // milliseconds since the Unix epoch
}

// mobilePart is the part of an answer that only an app's token has. All members of the zero value
// are null.
type mobilePart struct {
	Application *Application    `json:"mfp-application"`
	Device      *deviceAnswer   `json:"mfp-device"`
	User        *userAnswer     `json:"mfp-user"`
	Checks      json.RawMessage `json:"mfp-checks"`
}

type fullAnswer struct {
	active
	mobilePart
}

type deviceAnswer struct {
	ID          string  `json:"id"`
	Hardware    string  `json:"hardware"`
	Platform    string  `json:"platform"`
	DisplayName *string `json:"deviceDisplayName"`
	Status      string  `json:"status"`
}

type userAnswer struct {
	ID              string          `json:"id"`
	DisplayName     string          `json:"displayName"`
	AuthenticatedBy string          `json:"authenticatedBy"`
	AuthenticatedAt int64           `json:"authenticatedAt"` // milliseconds since the Unix epoch
	Attributes      json.RawMessage `json:"attributes"`
}

func newMobilePart(g Grant, now time.Time) mobilePart {
	p := mobilePart{
		Application: &Application{ID: "com.example.app", Platform: "android", Version: "1.0"},
		Checks:      json.RawMessage("{}"),
	}
	if g.Application != nil {
		*p.Application = *g.Application
	}
	if g.Checks != nil {
		p.Checks = mustJSON("Grant.Checks", g.Checks)
	}
	device := Device{ID: randomID(), Hardware: "Pixel 4", Platform: "android 12"}
	if g.Device != nil {
		device = *g.Device
	}
	p.Device = newDeviceAnswer(device)
	if g.User != nil {
		p.User = newUserAnswer(*g.User, now)
	}
	return p
}

func newDeviceAnswer(d Device) *deviceAnswer {
	a := &deviceAnswer{ID: d.ID, Hardware: d.Hardware, Platform: d.Platform, Status: d.Status}
	if d.DisplayName != "" {
		a.DisplayName = &d.DisplayName
	}
	if d.Status == "" {
		a.Status = "ACTIVE"
	}
	return a
}

func newUserAnswer(u User, now time.Time) *userAnswer {
	a := &userAnswer{
		ID:              u.ID,
		DisplayName:     u.DisplayName,
		AuthenticatedBy: u.AuthenticatedBy,
		AuthenticatedAt: now.UnixMilli(),
		Attributes:      json.RawMessage("{}"),
	}
	if !u.AuthenticatedAt.IsZero() {
		a.AuthenticatedAt = u.AuthenticatedAt.UnixMilli()
	}
	if u.Attributes != nil {
		a.Attributes = mustJSON("User.Attributes", u.Attributes)
	}
	return a
}

func (g *grant) active() active {
	return active{true, g.Scope, g.Username, g.ClientID, g.expires.UnixMilli()}
}

func (g *grant) mobileAnswer() fullAnswer { return fullAnswer{g.active(), g.mobile} }

func (g *grant) confidentialAnswer(v Variants) any {
	a := g.active()
	if v.EmptyUsername {
		a.Username = ""
	}
	if v.OmitNulls {
		return a
	}
	return fullAnswer{active: a}
}

func isPost(w http.ResponseWriter, r *http.Request) bool { return isMethod(w, r, http.MethodPost) }

func isGet(w http.ResponseWriter, r *http.Request) bool { return isMethod(w, r, http.MethodGet) }

// isMethod answers 405 to other methods.
func isMethod(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method == method {
		return true
	}
	w.Header().Set("Allow", method)
	writeEmpty(w, http.StatusMethodNotAllowed)
	return false
}

func isForm(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/x-www-form-urlencoded"
}

func (*Server) serveNotFound(w http.ResponseWriter, r *http.Request) {
	HTML(http.StatusNotFound)(w, r, nil)
}

// setAuthenticate spells the field as RFC 6750 does; Set would write Www-Authenticate.
func setAuthenticate(w http.ResponseWriter, challenge string) {
	w.Header()["WWW-Authenticate"] = []string{challenge}
}

func writeError(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code})
}

// writeJSON answers with what the server itself made, which always encodes.
func writeJSON(w http.ResponseWriter, status int, v any) {
	write(w, status, "application/json", mustJSON("answer", v))
}

func writeEmpty(w http.ResponseWriter, status int) { write(w, status, "", nil) }

// write sends a whole answer. It must not be cached, unless its Cache-Control was set before.
func write(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	if _, cached := h["Cache-Control"]; !cached {
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
