// Job sends one push message through MobileFirst, with a token that renews itself. It is the short
// one to read; pushjob is the one to run over a long list, with restarts and without duplicates.
//
//	go run ./examples/devserver   # in another terminal: prints what to source here
//	go run ./examples/job
package main

import (
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/mfpguard/mfpguard/tokensource"
)

func main() {
	base := os.Getenv("MFPGUARD_SERVER")         // such as https://mfp.example.com:9443/mfp/api
	host := strings.TrimSuffix(base, "/mfp/api") // the push service is on the same one
	src, err := tokensource.New(tokensource.Config{
		TokenURL:     base + "/az/v1/token",
		ClientID:     os.Getenv("MFPGUARD_CLIENT_ID"),
		ClientSecret: tokensource.Secret(os.Getenv("MFPGUARD_CLIENT_SECRET")),
		Scope:        "messages.write push.application.com.acme.shop",
	})
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: src.Transport(nil, host)} // the token goes to host, and nowhere else
	res, err := client.Post(host+"/imfpush/v1/apps/com.acme.shop/messages", "application/json",
		strings.NewReader(`{"message":{"alert":"Your order is on its way"},"target":{"userIds":["alice"]}}`))
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		log.Fatal("the push service answers ", res.Status)
	}
	log.Print("accepted")
}
