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
// One fetch runs at a time, whoever asks, and who leaves takes nobody along. After a failed fetch nobody asks for one second,
// doubling to ten; after the server refused the credentials or the scope for half a minute, doubling to five. Nothing runs
// in the background but a fetch, so there is nothing to close; a program that is idle for long and wants no wait
// afterwards runs Source.Keep.
//
// Token and secret are of type Secret, which no formatter prints.
package tokensource
