package httpguard

import (
	"io"
	"net/http"

	"github.com/mfpguard/mfpguard/adapters/internal/refusal"
	"github.com/mfpguard/mfpguard/core"
)

// Write answers a request with the denial: status, fields and body. A guard uses it if
// Config.ErrorHandler is nil. A hook may change the denial first, which belongs to it.
//
// Fields that a layer in front has set for another answer are replaced or deleted: other
// challenges, Content-Length, ETag, Last-Modified, Expires and the like. Content-Encoding is
// deleted only if w is the server's own: otherwise it may be a compressor's, which encodes this
// body, too.
func Write(w http.ResponseWriter, d *core.Denial) {
	refusal.Prepare(w, d)
	refusal.Respell(w.Header())
	w.WriteHeader(d.Status)
	io.WriteString(w, d.Body) // an error means that the client has gone
}

// answer is the writer that a hook gets. Its status is that of the denial unless the hook writes
// another.
type answer struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if !a.wrote && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.wrote = true
		refusal.Respell(a.Header())
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(b)
}

// WriteString implements io.StringWriter.
func (a *answer) WriteString(s string) (int, error) {
	a.begin()
	return io.WriteString(a.ResponseWriter, s)
}

// FlushError is for http.ResponseController.
func (a *answer) FlushError() error {
	a.begin()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (a *answer) Flush() { a.FlushError() }

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) begin() {
	if !a.wrote {
		a.WriteHeader(a.status)
	}
}
