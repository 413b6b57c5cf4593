package adaptertest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds each exchange. Only a server that hangs reaches it.
const patience = time.Minute

// client is one raw connection to the server under test.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	seen bytes.Buffer // every byte that came back
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	c := &client{conn: conn}
	c.r = bufio.NewReader(io.TeeReader(conn, &c.seen))
	return c
}

// response is an answer as it arrived. Its fields are whole lines, in their order and spelling.
type response struct {
	status int
	fields []string
	body   string
	closes bool // the server says that it is the last on this connection
}

// send writes a raw request. A server may answer and close before it has read everything, so an
// error of the write is ignored; the answer decides.
func (c *client) send(request string) { io.WriteString(c.conn, request) }

// receive reads one answer. It returns nil, nil if the server has closed the connection without
// one.
func (c *client) receive(head bool) (*response, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		if line == "" && !isTimeout(err) {
			return nil, nil // closed, or reset
		}
		return nil, fmt.Errorf("after %q: %w", line, err)
	}
	r := &response{}
	proto, rest, _ := strings.Cut(line, " ")
	status, _, _ := strings.Cut(rest, " ")
	if r.status, err = strconv.Atoi(strings.TrimSpace(status)); err != nil || !strings.HasPrefix(proto, "HTTP/1.") {
		return nil, fmt.Errorf("status line %q", line)
	}
	length, chunked := -1, false
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("in the header, after %q: %w", line, err)
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "" {
			break
		}
		r.fields = append(r.fields, line)
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(name) {
		case "content-length":
			if length, err = strconv.Atoi(value); err != nil {
				return nil, err
			}
		case "transfer-encoding":
			chunked = value == "chunked"
		case "connection":
			r.closes = strings.EqualFold(value, "close")
		}
	}
	r.body, err = c.body(r, head, length, chunked)
	return r, err
}

func (c *client) body(r *response, head bool, length int, chunked bool) (string, error) {
	var from io.Reader = c.r
	switch {
	case head:
		return "", nil
	case chunked:
		from = httputil.NewChunkedReader(c.r)
	case length >= 0:
		from = io.LimitReader(c.r, int64(length))
	default:
		r.closes = true
	}
	b, err := io.ReadAll(from)
	if err == nil && chunked {
		_, err = c.r.ReadString('\n') // the empty line behind the last chunk
	}
	if err == nil && length > len(b) && !chunked {
		err = io.ErrUnexpectedEOF
	}
	return string(b), err
}

// drain reads the rest of a connection that the server closes, so that scan sees it.
func (c *client) drain() { io.Copy(io.Discard, c.r) }

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}
