package endpoint_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/mfpguard/mfpguard/internal/endpoint"
)

// CN-04: the first address of a name swallows what is sent to it; the second one is reached all the same.
func TestTheNextAddressIsTried(t *testing.T) {
	port := swallow(t, [4]byte{127, 0, 0, 2})
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.3:%d", port))
	if err != nil {
		t.Skip("the second address is taken:", err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") })}
	go srv.Serve(ln)
	defer srv.Close()
	resolve(t, net.IPv4(127, 0, 0, 2), net.IPv4(127, 0, 0, 3))

	c := endpoint.New(endpoint.Options{URL: fmt.Sprintf("http://as.test:%d/token", port)})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	begun := time.Now()
	res, err := c.Once(ctx, url.Values{}, nil)
	if took := time.Since(begun); err != nil || res.Status != 200 || took > 3*time.Second || took < time.Second {
		t.Errorf("Once = %v, %v after %v, want a good answer after about 2 s", res, err, took)
	}
}

// swallow listens on addr and lets no further connection be made, as a host that is off does. It returns the port.
func swallow(t *testing.T, addr [4]byte) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: addr}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	for range 16 {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("%v:%d", net.IP(addr[:]), port), 300*time.Millisecond)
		if err != nil {
			if !os.IsTimeout(err) {
				t.Fatal(err)
			}
			return port
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Skip("a full backlog does not swallow connections here")
	return 0
}

// resolve makes all names have the given addresses, in this order, for the test.
func resolve(t *testing.T, ips ...net.IP) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	old := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = old
		_ = server.Close()
	})
	go func() {
		question := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(dnsAnswer(question[:n], ips), from)
		}
	}()
}

// dnsAnswer answers a question for A records with ips, and any other with nothing (RFC 1035 section 4).
func dnsAnswer(question []byte, ips []net.IP) []byte {
	end := 12
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5 // the root label, type, class
	kind := binary.BigEndian.Uint16(question[end-4:])
	if kind != 1 {
		ips = nil
	}
	a := append([]byte{}, question[:end]...)
	a[2], a[3] = 0x81, 0x80                             // an answer without error
	binary.BigEndian.PutUint16(a[6:], uint16(len(ips))) // answers
	binary.BigEndian.PutUint32(a[8:], 0)                // nothing else
	for _, ip := range ips {
		a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4) // the name asked for, A, IN, a minute, four bytes
		a = append(a, ip.To4()...)
	}
	return a
}
