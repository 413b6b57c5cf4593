package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// A result is what is known after an attempt to send a message.
//
// A message may be sent again if it was certainly not accepted. Only these four prove that:
//
//   - There was no token for it.
//   - No connection was made.
//   - The answer was 4xx. The push service gives such an answer before it accepts a message.
//   - The answer was 503 with Retry-After, by which servers and proxies refuse requests.
//
// A broken connection, a timeout, a 500 and a 502 prove nothing. Nor does a 503 without
// Retry-After: a proxy also gives that when it loses the answer of the server behind it.
type result struct {
	verdict verdict
	id      string        // of an accepted message
	reason  string        // otherwise
	wait    time.Duration // what the server asked for before the next attempt
	foreign bool          // nothing that the push service would answer
}

// verdict is the consequence of an attempt.
type verdict int

const (
	done     verdict = iota // it was accepted
	wrong                   // it was refused for what it is: sending it again cannot help
	doubt                   // it may have been accepted
	later                   // it was not accepted, for a reason that passes
	hopeless                // it was not accepted, and no other message of this job would be
)

// failed judges an attempt without an answer.
func failed(err error, open bool) result {
	r := result{verdict: later, reason: cause(err)}
	endpoint, ofToken := errors.AsType[*tokensource.EndpointError](err)
	_, ofCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case open:
		r.verdict = doubt
		r.reason = "no answer: " + r.reason
	case ofToken:
		r.wait = endpoint.RetryAfter
		if clientRejected(endpoint) {
			r.verdict = hopeless
		}
	case ofCertificate:
		r.verdict = hopeless
	}
	return r
}

// clientRejected reports whether the token endpoint works, but refuses our client or our scope.
func clientRejected(e *tokensource.EndpointError) bool {
	switch e.Status {
	case http.StatusOK:
		return e.Code != ""
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return e.Status >= 300 && e.Status < 500
}

// cause returns an error without the method and the URL, which are the same for all.
func cause(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return err.Error()
}

// judge reads an answer.
func judge(res *http.Response, body []byte) result {
	r := result{reason: fmt.Sprintf("answered %d", res.StatusCode) + code(body)}
	switch {
	case res.StatusCode == http.StatusAccepted:
		var answer struct {
			MessageID string `json:"messageId"`
		}
		_ = json.Unmarshal(body, &answer) // an accepted message without an id is accepted
		return result{verdict: done, id: answer.MessageID}
	case !provesRefusal(res):
		r.verdict = doubt
		r.foreign = res.StatusCode < 400
		return r
	}
	r.wait = retryAfter(res.Header, time.Now())
	r.verdict = wrong
	switch res.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.verdict = later
	case http.StatusConflict:
		if res.Header.Get("MFP-Conflict") != "" { // MobileFirst's way of asking for a repetition
			r.verdict = later
		}
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusProxyAuthRequired,
		http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		r.verdict = hopeless
	}
	return r
}

// provesRefusal reports whether the answer proves that the request had no effect.
func provesRefusal(res *http.Response) bool {
	return res.StatusCode >= 400 && res.StatusCode < 500 ||
		res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != ""
}

// code returns the error code of an answer, or "" if it does not look like one. The rest of the
// body may contain the message.
func code(body []byte) string {
	var answer struct {
		Code      string `json:"code"`
		ErrorCode string `json:"errorCode"`
	}
	_ = json.Unmarshal(body, &answer)
	c := answer.Code + answer.ErrorCode
	if c == "" || len(c) > 40 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return ""
	}
	return " " + c
}

// retryAfter reads both forms of the field. The job's patience bounds the result.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), 3600)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), time.Hour)
	}
	return 0
}
