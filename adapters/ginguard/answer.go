package ginguard

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/mfpguard/mfpguard/adapters/internal/refusal"
	"github.com/mfpguard/mfpguard/core"
)

// Write aborts a request and answers it with the denial: status, fields and body. A guard uses it
// if Config.ErrorHandler is nil. A hook may change the denial first, which belongs to it.
//
// Fields that a layer in front has set for another answer are replaced or deleted: other
// challenges, Content-Length, ETag, Last-Modified, Expires and the like. Content-Encoding is left
// to a compressor in front, and deleted where there can be none.
func Write(c *gin.Context, d *core.Denial) {
	c.Abort()
	refusal.Prepare(c.Writer, d)
	refusal.Respell(c.Writer.Header())
	c.Status(d.Status)
	c.Writer.WriteString(d.Body) // an error means that the client has gone
}

// answer is the writer of a refused request. Once closed, it accepts no more.
type answer struct {
	gin.ResponseWriter
	closed bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if !a.closed {
		a.ResponseWriter.WriteHeader(status)
	}
}

// WriteHeaderNow implements gin.ResponseWriter. It writes an empty body, because compressors decide
// then what to do with Content-Encoding.
func (a *answer) WriteHeaderNow() {
	if !a.Written() {
		a.Write(nil)
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.closed {
		return len(b), nil
	}
	a.begin()
	return a.ResponseWriter.Write(b)
}

// WriteString implements io.StringWriter.
func (a *answer) WriteString(s string) (int, error) {
	if a.closed {
		return len(s), nil
	}
	a.begin()
	return a.ResponseWriter.WriteString(s)
}

// Flush implements http.Flusher.
func (a *answer) Flush() {
	a.WriteHeaderNow()
	a.ResponseWriter.Flush()
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) begin() {
	if !a.Written() {
		refusal.Respell(a.Header())
	}
}

// close sends the header if nothing has, and drops what comes later.
func (a *answer) close() {
	a.WriteHeaderNow()
	a.closed = true
}
