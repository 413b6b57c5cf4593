// Package tokensource gets a program's own access token from an authorization server and keeps it fresh.
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
// The client puts the token on requests to that origin and to no other, gets a new one when the API refuses it, and asks for
// more scope when the API wants that and Transport.AllowScope agrees. Programs that need the token itself call Source.Token:
//
//	token, err := src.Token(ctx)
//	if err != nil {
//		return err
//	}
//	req.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
//
// and Source.Invalidate when a server refuses it.
//
// # Renewal
//
// A MobileFirst confidential-client token lives for one hour. Its renewal is due five minutes before the end (a fifth of the
// lifetime for short ones), with 10 % jitter. What a caller of Token gets:
//
//	token             fetch under way   backoff   a caller gets
//	valid             any               any       the token
//	valid, due        no                no        the token; a fetch starts in the background
//	none or expired   yes               any       waits for the fetch, or for its own context
//	none or expired   no                yes       the remembered error at once, with its RetryAfter
//	none or expired   no                no        starts the fetch and waits
//
// One fetch runs at a time, and it goes on when a caller leaves. After a failed fetch the server is not asked for one second,
// doubling to ten. After it refused the credentials or the scope it is not asked for two seconds, doubling to five minutes;
// but when [Config].ClientSecretFunc has another secret by then, the next caller without a token makes the Source fetch at
// once. Nothing runs in the background but a fetch, so there is nothing to close; a program that is idle for long and wants
// no wait afterwards runs [Source.Keep].
//
// # Trouble
//
// A fetch is bounded by [Config].Timeout. If a function of the program ignores its context, the fetch is given up a tenth of a
// second later, and what it brings then is ignored; eight such fetches may be left behind, and no more are begun until one of
// them ends. A panic of a function of the program, on our goroutines, is contained and logged.
//
// Connections that died without a word are found out: see [NewTransport]. A token request that met one is sent again.
//
// Token and secret are of type Secret, which no formatter prints.
package tokensource
