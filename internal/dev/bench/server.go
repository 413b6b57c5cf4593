package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// childVariable is the environment variable that makes this program the authorization server of its
// parent. As the server is another process, the CPU time of the parent is that of the client alone.
const childVariable = "MFPGUARD_BENCH_SERVER"

// serveChild serves until its parent ends.
func serveChild() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		os.Exit(0)
	}()
	log.Fatal(http.Serve(l, http.HandlerFunc(answerCall)))
}

func answerCall(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	body := activeAnswer
	if strings.HasSuffix(r.URL.Path, "/token") {
		body = `{"access_token":"own","token_type":"Bearer","expires_in":3599}`
	}
	_, _ = io.WriteString(w, body)
}

// startServer starts this program as a server and returns its address. Stop ends it.
func startServer() (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), childVariable+"=1")
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = c.Wait()
	}
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, err
	}
	return strings.TrimSpace(address), stop, nil
}
