package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

const providerDir = "oidcprovider"

// startProvider runs oidc-provider under node. The child ends when its standard input does, so it outlives no test run.
func startProvider() (*server, func(), error) {
	node := exec.Command("node", "server.mjs")
	node.Dir = providerDir
	var complaints bytes.Buffer
	node.Stderr = &complaints
	in, err := node.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := node.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := node.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() {
		in.Close()
		node.Wait() // its exit code says nothing: the tests have spoken
	}
	s, err := meetProvider(in, out)
	if err != nil {
		node.Process.Kill()
		stop()
		return nil, nil, fmt.Errorf("oidc-provider did not start: %w\n%s", err, &complaints)
	}
	return s, stop, nil
}

// meetProvider tells the child what to serve, and reads where it does.
func meetProvider(in io.Writer, out io.Reader) (*server, error) {
	if err := json.NewEncoder(in).Encode(map[string]any{"clients": clients(), "scopes": scopes, "audience": audience}); err != nil {
		return nil, err
	}
	line := make(chan []byte, 1)
	go func() {
		l, _ := bufio.NewReader(out).ReadBytes('\n')
		line <- l
	}()
	select {
	case l := <-line:
		var at struct{ URL, User, Refresh string }
		if err := json.Unmarshal(l, &at); err != nil {
			return nil, fmt.Errorf("its first line is %q: %w", l, err)
		}
		return &server{
			name: "oidc-provider", issuer: at.URL,
			token: at.URL + "/token", introspection: at.URL + "/token/introspection", revocation: at.URL + "/token/revocation",
			user: at.User, refresh: at.Refresh,
		}, nil
	case <-time.After(30 * time.Second):
		return nil, errors.New("it said nothing for 30s")
	}
}
