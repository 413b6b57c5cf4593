package interop_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const providerDir = "oidcprovider"

// jwtAudience is a protected service whose tokens are JWTs. oidc-provider introspects none of them.
const jwtAudience = "https://jwt.example"

// providerConfig is what oidcprovider/server.mjs serves.
type providerConfig struct {
	Clients     []client           `json:"clients"`
	Scopes      []string           `json:"scopes"`
	Audience    string             `json:"audience"`
	JWTAudience string             `json:"jwtAudience"`
	JWKS        jose.JSONWebKeySet `json:"jwks"`
	TLS         *providerTLS       `json:"tls,omitempty"`
}

// providerTLS has PEM texts: of the server, and of the authority that vouches for its clients.
type providerTLS struct {
	Cert string `json:"cert"`
	Key  string `json:"key"`
	CA   string `json:"ca"`
}

// provider is a child process that runs oidc-provider under node. It ends when its standard input
// does, so it outlives no test run.
type provider struct {
	*server
	mtls       *server // the same with certificates of clients, nil without TLS
	node       *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Reader
	complaints bytes.Buffer
}

// startProvider runs the provider that most tests share.
func startProvider() (*server, func(), error) {
	p, err := launchProvider(providerConfig{Clients: slices.Concat(clients(), keyClients(), signedClients()), JWKS: privateKeys(signingKeys)})
	if err != nil {
		return nil, nil, err
	}
	return p.server, p.stop, nil
}

// newProvider runs a provider for one test.
func newProvider(t *testing.T, c providerConfig) *provider {
	t.Helper()
	p, err := launchProvider(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	return p
}

func launchProvider(c providerConfig) (*provider, error) {
	p := &provider{node: exec.Command("node", "server.mjs")}
	p.node.Dir = providerDir
	p.node.Stderr = &p.complaints
	in, err := p.node.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.node.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	if err := p.node.Start(); err != nil {
		return nil, err
	}
	if err := p.meet(c); err != nil {
		p.node.Process.Kill()
		p.stop()
		return nil, fmt.Errorf("oidc-provider did not start: %w\n%s", err, &p.complaints)
	}
	return p, nil
}

// stop ends the child. Its exit code says nothing: the tests have spoken.
func (p *provider) stop() {
	p.in.Close()
	p.node.Wait()
}

// meet tells the child what to serve, and reads where it does.
func (p *provider) meet(c providerConfig) error {
	c.Scopes, c.Audience, c.JWTAudience = scopes, audience, jwtAudience
	line, err := p.say(c)
	if err != nil {
		return err
	}
	var at struct{ URL, MTLSURL, User, Refresh string }
	if err := json.Unmarshal(line, &at); err != nil {
		return fmt.Errorf("its first line is %q: %w", line, err)
	}
	p.server = providerAt(at.URL, at.URL)
	p.user, p.refresh = at.User, at.Refresh
	if at.MTLSURL != "" {
		p.mtls = providerAt(at.URL, at.MTLSURL)
	}
	return nil
}

// providerAt is an oidc-provider with its endpoints under base.
func providerAt(issuer, base string) *server {
	return &server{
		name: "oidc-provider", issuer: issuer,
		token: base + "/token", introspection: base + "/token/introspection", revocation: base + "/token/revocation",
	}
}

// rotate gives the provider other keys, as a restart would. It forgets its tokens.
func (p *provider) rotate(t *testing.T, keys jose.JSONWebKeySet) {
	t.Helper()
	if _, err := p.say(keys); err != nil {
		t.Fatal(err)
	}
}

// say writes a line and reads the answer.
func (p *provider) say(what any) ([]byte, error) {
	if err := json.NewEncoder(p.in).Encode(what); err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	heard := make(chan answer, 1)
	go func() {
		line, err := p.out.ReadBytes('\n')
		heard <- answer{line, err}
	}()
	select {
	case a := <-heard:
		return a.line, a.err
	case <-time.After(30 * time.Second):
		return nil, errors.New("it said nothing for 30s")
	}
}

// pemOf returns the certificate and the key of c.
func pemOf(c tls.Certificate) (cert, key string, err error) {
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return "", "", err
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("CERTIFICATE", c.Certificate[0]), block("PRIVATE KEY", der), nil
}
