package coretest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
)

// Status answers with a status and no body. The header fields are given as pairs of name and value:
//
//	coretest.Status(429, "Retry-After", "7")
//
// It panics if a value is missing.
func Status(code int, header ...string) Fault {
	if len(header)%2 != 0 {
		panic("coretest: Status: header field without a value")
	}
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// Body answers with a status and the given body. With an empty contentType the answer has no
// Content-Type field.
func Body(code int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header()["Content-Type"] = nil // otherwise net/http guesses one
		write(w, code, contentType, []byte(body))
	}
}

// HTML answers with a status and an HTML page, as application servers and proxies do. With status
// 200 it is the login page of a captive portal.
func HTML(code int) Fault {
	const page = "<!DOCTYPE html>\n<html><head><title>%d %s</title></head><body><h1>%[2]s</h1></body></html>\n"
	return Body(code, "text/html; charset=utf-8", fmt.Sprintf(page, code, http.StatusText(code)))
}

// Redirect answers with a redirect to a URL.
func Redirect(code int, url string) Fault { return Status(code, "Location", url) }

// Gzip compresses the answer, even if the client does not accept that. Gzip before [Oversize] makes
// a gzip bomb.
func Gzip() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		z := &gzipWriter{ResponseWriter: w, plain: gzip.NewWriter(w)}
		next.ServeHTTP(z, r)
		_ = z.plain.Close()
	}
}

type gzipWriter struct {
	http.ResponseWriter
	plain  *gzip.Writer
	headed bool
}

// WriteHeader implements [http.ResponseWriter].
func (z *gzipWriter) WriteHeader(status int) {
	z.headed = true
	z.Header().Del("Content-Length")
	z.Header().Set("Content-Encoding", "gzip")
	z.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (z *gzipWriter) Write(p []byte) (int, error) {
	if !z.headed {
		z.WriteHeader(http.StatusOK)
	}
	return z.plain.Write(p)
}

// Oversize adds n spaces after the first byte of the answer, so a JSON object stays the same
// object. The length is not announced. The padding stops when the client leaves.
func Oversize(n int64) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := overhear(next, r)
		a.header.Del("Content-Length")
		head := a.body[:min(1, len(a.body))]
		a.send(w, head)
		spaces := bytes.Repeat([]byte(" "), 32<<10)
		for left := n; left > 0; {
			k, err := w.Write(spaces[:min(left, int64(len(spaces)))])
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			left -= int64(k)
		}
		_, _ = w.Write(a.body[len(head):])
	}
}

// overheard is an answer in memory, to be changed.
type overheard struct {
	status int
	header http.Header
	body   []byte
}

// overhear calls next and keeps its answer in memory.
func overhear(next http.Handler, r *http.Request) overheard {
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	return overheard{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// send writes the head of the answer and the given body.
func (a overheard) send(w http.ResponseWriter, body []byte) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}

// sendWhole writes the answer with another body.
func (a overheard) sendWhole(w http.ResponseWriter, body []byte) {
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	a.send(w, body)
}
