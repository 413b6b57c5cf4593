package hooktest

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// answer is an answer as it arrived, with its field lines in their order and spelling.
type answer struct {
	status string
	fields []string
	body   string
}

// ask sends a request on a connection of its own.
func ask(t *testing.T, addr, line, authorization string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	if authorization != "" {
		authorization = "Authorization: " + authorization + "\r\n"
	}
	io.WriteString(conn, line+" HTTP/1.1\r\nHost: rs.test\r\nConnection: close\r\n"+authorization+"\r\n")
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(all), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	_, status, _ := strings.Cut(lines[0], " ")
	return answer{status[:min(3, len(status))], lines[1:], body}
}

// values returns the values of all fields with this name. The spelling counts only where spelled is
// true; another spelling is then marked.
func (a answer) values(name string, spelled bool) string {
	var all []string
	for _, f := range a.fields {
		switch n, value, _ := strings.Cut(f, ": "); {
		case n == name, !spelled && strings.EqualFold(n, name):
			all = append(all, value)
		case strings.EqualFold(n, name):
			all = append(all, "misspelled: "+f)
		}
	}
	return strings.Join(all, " | ")
}
