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
//	token, err := src.Token(ctx)
//	if err != nil {
//		return err
//	}
//	req.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
//
// A MobileFirst confidential-client token lives for one hour. Renewal starts five minutes before the end (a fifth of the
// lifetime for short ones, with 10 % jitter), in the background, while callers keep getting the old token; one fetch runs at a time, whoever asks. A
// failed fetch backs off, from one second to ten, or from half a minute to five when the server refused the credentials; until
// then callers without a valid token get the remembered error at once. Call Invalidate when a server refuses the token.
//
// Token and secret are of type Secret, which no formatter prints.
package tokensource
