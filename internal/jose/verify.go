package jose

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

// What is wrong with a token, for errors.Is. The texts contain nothing of the token.
var (
	ErrMalformed  = errors.New("the token is not a compact JWS") // of one signature
	ErrAlgorithm  = errors.New("the signature's algorithm is not allowed")
	ErrUnknownKey = errors.New("the signature's key is not one of the server's keys")
	ErrSignature  = errors.New("the signature is wrong")
)

// Verified is a token whose signature is good. Its content says what it says: no claim was checked.
type Verified struct {
	Header
	Payload []byte // as it was signed
}

// strict64 has one encoding for each byte string, except for line breaks.
var strict64 = base64.RawURLEncoding.Strict()

// token is a token whose signature is not verified yet.
type token struct {
	Header
	jws *jose.JSONWebSignature
}

// parse reads a token in compact serialization (RFC 7515 section 7.1), which must use one of the
// algorithms. A key in its header (jwk, x5c) or the address of one (jku, x5u) has no meaning here.
// A header that changes how the rest is to be read (crit, b64) makes it malformed.
func parse(compact string, algorithms []string) (*token, error) {
	if strings.Count(compact, ".") != 2 || strings.ContainsAny(compact, "\r\n") {
		return nil, ErrMalformed
	}
	encoded, rest, _ := strings.Cut(compact, ".")
	for part := range strings.SplitSeq(rest, ".") {
		if _, err := strict64.DecodeString(part); err != nil {
			return nil, ErrMalformed
		}
	}
	header, err := strict64.DecodeString(encoded)
	if err != nil {
		return nil, ErrMalformed
	}
	h, err := readHeader(header)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(algorithms, h.Algorithm) || !slices.Contains(Algorithms, h.Algorithm) {
		return nil, ErrAlgorithm
	}
	jws, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.Algorithm)})
	if err != nil {
		return nil, fmt.Errorf("%w: its header has a parameter that cannot be read", ErrMalformed)
	}
	return &token{Header: h, jws: jws}, nil
}

func readHeader(text []byte) (h Header, err error) {
	o, err := strictjson.Parse(text)
	if err != nil {
		return Header{}, fmt.Errorf("%w: its header is not one JSON object", ErrMalformed)
	}
	for _, name := range []string{"crit", "b64"} {
		if _, present, _ := o.Raw(name); present {
			return Header{}, fmt.Errorf("%w: its header has the parameter %s, which is not supported", ErrMalformed, name)
		}
	}
	present := false
	if h.Algorithm, present, err = o.String("alg"); err != nil || !present {
		return Header{}, fmt.Errorf("%w: its header has no alg", ErrMalformed)
	}
	if h.KeyID, _, err = o.String("kid"); err != nil {
		return Header{}, fmt.Errorf("%w: its kid is not a string", ErrMalformed)
	}
	if h.Type, _, err = o.String("typ"); err != nil {
		return Header{}, fmt.Errorf("%w: its typ is not a string", ErrMalformed)
	}
	return h, nil
}
