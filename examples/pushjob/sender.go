package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/mfpguard/mfpguard/tokensource"
)

// attemptTimeout bounds one attempt to send a message, including the token request.
const attemptTimeout = 30 * time.Second

// sender posts messages to one app.
type sender struct {
	url     string
	client  *http.Client
	timeout time.Duration
	direct  *http.Transport // below the tokens
}

func newSender(c config, workers int, log io.Writer) (*sender, error) {
	c.token.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	src, err := tokensource.New(c.token)
	if err != nil {
		return nil, err
	}
	direct, err := tokensource.NewTransport(c.token.CAFile)
	if err != nil {
		return nil, err
	}
	direct.MaxIdleConnsPerHost = workers
	// Shorter than any server's timeout. If the server closes a connection just when a message is
	// sent on it, the outcome is unknown.
	direct.IdleConnTimeout = 5 * time.Second
	return &sender{
		url:     c.messagesURL(),
		timeout: attemptTimeout,
		direct:  direct,
		client: &http.Client{
			Transport:     src.Transport(&watched{direct}),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// send makes one attempt.
func (s *sender) send(ctx context.Context, body []byte) result {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var t trip
	req, err := http.NewRequestWithContext(t.watch(ctx), http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return result{verdict: hopeless, reason: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := s.client.Do(req)
	if err != nil {
		return failed(err, t.open.Load())
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // the status says all that matters
	return judge(res, answer)
}
