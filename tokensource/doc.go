// Package tokensource gets a program's own access token from an authorization server and renews it.
//
//	src, err := tokensource.New(tokensource.Config{
//		TokenURL:     "https://mfp.example.com:9443/mfp/api/az/v1/token",
//		ClientID:     "nightly",
//		ClientSecret: tokensource.Secret(os.Getenv("MFP_CLIENT_SECRET")),
//		Scope:        "messages.write push.application.com.acme.shop",
//	})
//	if err != nil {
//		return err
//	}
//	client := &http.Client{Transport: src.Transport(nil, "https://mfp.example.com:9443")}
//
// The client sends the token to that origin and to no other. It gets a new token when the API
// refuses the old one. When the API wants more scope and [Transport.AllowScope] agrees, it asks
// for more. See [Source.Transport]. A program that needs the token itself calls [Source.Token]:
//
//	token, err := src.Token(ctx)
//	if err != nil {
//		return err
//	}
//	req.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
//
// It calls [Source.Invalidate] when a server refuses the token.
//
// # Keys in place of a secret
//
// A client may have a private key ([Config.ClientAssertion]) or a TLS certificate
// ([Config.ClientCertificate]) in place of a secret. Both can be files that are replaced while the
// program runs: see [KeyFile] and [CertificateFiles].
//
// # Renewal
//
// The token of a MobileFirst confidential client is valid for one hour. Its renewal is due five
// minutes before the end, or a fifth of the lifetime if that is less, with 10 % jitter. A caller of
// [Source.Token] gets:
//
//	token             fetch under way   backoff   a caller gets
//	valid             any               any       the token
//	valid, due        no                no        the token; a fetch starts in the background
//	none or expired   yes               any       waits for the fetch, or for its own context
//	none or expired   no                yes       the remembered error at once, with its RetryAfter
//	none or expired   no                no        starts the fetch and waits
//
// One fetch runs at a time. It continues when the caller that started it leaves. After a failed
// fetch there is a backoff of one second, which doubles up to ten. After a refusal of the
// credentials or the scope the backoff is two seconds and doubles up to five minutes. A new secret
// ends it: if [Config.ClientSecretFunc] returns another secret, or the KeyFunc of a
// [ClientAssertion] another key, the next caller without a token starts a fetch.
//
// A Source has no goroutine but that of a fetch, so there is nothing to close. A program that is
// idle for long, and whose next request must not wait for a token, runs [Source.Keep].
//
// # Failures
//
// [Config.Timeout] bounds a fetch. A fetch is abandoned if a function of the program ignores its
// context: 100 ms after the timeout the callers get an error, and the result of the fetch is
// ignored if there is one later. While eight abandoned fetches still run, no other fetch starts. A
// panic in a function of the program is contained and logged.
//
// A dead connection is noticed within seconds; see [NewTransport]. A token request that met one is
// sent again.
//
// The types of tokens and secrets are [Token] and [Secret]. No formatter prints a Secret.
package tokensource
