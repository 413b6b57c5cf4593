package middleware_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// exchange is one request and its answer.
type exchange struct {
	raw    string // as it arrived
	header http.Header
	status int
	sent   int    // bytes of the body as they were sent
	body   string // decoded
}

func ask(t *testing.T, addr, path string, fields ...string) exchange {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	request := "GET " + path + " HTTP/1.1\r\nHost: rs.test\r\nConnection: close\r\nOrigin: https://app.test\r\n"
	for _, f := range fields {
		if f != "" {
			request += f + "\r\n"
		}
	}
	io.WriteString(conn, request+"\r\n")
	raw, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		t.Fatalf("%v, after %q", err, raw)
	}
	encoded, err := io.ReadAll(res.Body) // an error if there are fewer bytes than Content-Length
	if err != nil {
		t.Fatalf("the body: %v, after %q", err, raw)
	}
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	if n := res.ContentLength; n >= 0 && len(head)+4+int(n) != len(raw) {
		t.Errorf("Content-Length is %d, and %d bytes follow the header", n, len(raw)-len(head)-4)
	}
	return exchange{head + "\r\n", res.Header, res.StatusCode, len(encoded), decode(t, res.Header.Get("Content-Encoding"), encoded)}
}

func decode(t *testing.T, encoding string, b []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(b)
	var err error
	switch encoding {
	case "":
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	default:
		t.Errorf("Content-Encoding is %q", encoding)
	}
	if err == nil {
		b, err = io.ReadAll(r)
	}
	if err != nil {
		t.Errorf("the body is not what Content-Encoding %q says: %v", encoding, err)
	}
	return string(b)
}
