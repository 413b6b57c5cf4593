package clientauth

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
)

// basic sends the id and the secret form-encoded, as RFC 6749 section 2.3.1 says.
type basic struct {
	id     string
	secret Secret
}

// Apply implements Method.
func (b basic) Apply(ctx context.Context, header http.Header, _ url.Values) error {
	secret, err := b.secret(ctx)
	if err != nil {
		return err
	}
	setBasic(header, url.QueryEscape(b.id), url.QueryEscape(secret))
	return nil
}

// basicRaw sends the id and the secret as they are. MobileFirst 8.0 reads them so.
type basicRaw struct {
	id     string
	secret Secret
}

// Apply implements Method.
func (b basicRaw) Apply(ctx context.Context, header http.Header, _ url.Values) error {
	secret, err := b.secret(ctx)
	if err != nil {
		return err
	}
	setBasic(header, b.id, secret)
	return nil
}

func setBasic(header http.Header, id, secret string) {
	header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
}
