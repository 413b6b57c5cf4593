package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// servers are up while the tests run, and shared by them: each test makes tokens of its own.
var servers []*server

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if err := installProvider(); err != nil {
		return 1, err
	}
	for _, start := range []func() (*server, func(), error){startFosite, startProvider} {
		s, stop, err := start()
		if err != nil {
			return 1, err
		}
		defer stop()
		servers = append(servers, s)
	}
	return m.Run(), nil
}

// installProvider runs npm unless it has run since the lock file changed.
func installProvider() error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed, and these tests run a real oidc-provider: install node 20 or later, and npm: %w", program, err)
		}
	}
	lock, err := os.Stat(filepath.Join(providerDir, "package-lock.json"))
	if err != nil {
		return err
	}
	// npm writes this file last.
	done, err := os.Stat(filepath.Join(providerDir, "node_modules", ".package-lock.json"))
	if err == nil && !done.ModTime().Before(lock.ModTime()) {
		return nil
	}
	npm := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir = providerDir
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in %s: %w\n%s", providerDir, err, out)
	}
	return nil
}

// eachServer runs a test against every server.
func eachServer(t *testing.T, test func(*testing.T, *server)) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
}
