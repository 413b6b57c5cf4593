package adaptertest

import (
	"strconv"
	"strings"
)

// credentialRows are about the Authorization field: RFC 6750 section 2.1 and RFC 9110 section 11.4.
var credentialRows = append([]row{
	{id: "BT-01 BT-14", name: "a bearer token with the whole alphabet", fields: bearer, want: to(accepted)},
	{id: "BT-02", name: "a scheme in lower case", fields: auth("bearer TOKEN"), want: to(accepted)},
	{id: "BT-02", name: "a scheme in upper case", fields: auth("BEARER TOKEN"), want: to(accepted)},
	{id: "BT-02", name: "a scheme in mixed case", fields: auth("bEaReR TOKEN"), want: to(accepted)},
	{id: "BT-02", name: "a field name in lower case", fields: "authorization: Bearer TOKEN\r\n", want: to(accepted)},
	{id: "BT-02", name: "a field name in upper case", fields: "AUTHORIZATION: Bearer TOKEN\r\n", want: to(accepted)},
	{id: "BT-03 A45", name: "several blanks behind the scheme", fields: auth("Bearer   TOKEN"), want: to(accepted)},
	{id: "BT-01", name: "no blank behind the colon", fields: "Authorization:Bearer TOKEN\r\n", want: to(accepted)},
	{id: "BT-18", name: "blanks and a tab at the end", fields: auth("Bearer TOKEN  \t"), want: to(accepted)},
	{id: "BT-18", name: "blanks and a tab in front", fields: "Authorization: \t Bearer TOKEN\r\n", want: to(accepted)},
	{id: "BT-19", name: "a folded line", fields: "Authorization: Bearer\r\n TOKEN\r\n", want: to(accepted, byServer)},
	{id: "BT-19", name: "a line folded with a tab", fields: "Authorization: Bearer\r\n\tTOKEN\r\n", want: to(accepted, malformed, byServer)},
	{id: "BT-19", name: "a line folded within the token", except: mobileFirst7, fields: "Authorization: Bearer TOKEN\r\n TOKEN\r\n", want: to(malformed, byServer)},

	{id: "BT-23 BT-44", name: "no field", want: to(noToken)},
	{id: "BT-23 BT-44", name: "an empty field", fields: "Authorization:\r\n", want: to(noToken)},
	{id: "BT-23", name: "a field of blanks", fields: "Authorization: \t \r\n", want: to(noToken)},
	{id: "BT-12", name: "Basic credentials", fields: auth("Basic dTpw"), want: to(noToken)},
	{id: "BT-12", name: "a Basic scheme alone", fields: auth("Basic"), want: to(noToken)},
	{id: "BT-12", name: "a DPoP token", fields: auth("DPoP TOKEN"), want: to(noToken)},
	{id: "BT-13 A43", name: "the word bearer within Basic credentials", fields: auth("Basic dTpw bearer TOKEN"), want: to(noToken)},
	{id: "BT-56", name: "a token of another scheme", fields: auth("Token TOKEN"), want: to(noToken)},
	{id: "BT-56", name: "a token in a parameter of another scheme", fields: auth(`MAC id="TOKEN"`), want: to(noToken)},
	{id: "BT-56", name: "a token in a quoted parameter behind a comma", fields: auth(`MAC id="x, Bearer TOKEN"`), want: to(noToken)},
	{id: "BT-05 A44", name: "a scheme that runs into the token", fields: auth("BearerTOKEN"), want: to(noToken)},
	{id: "BT-05 A44", name: "a scheme that starts with Bearer", fields: auth("Bearerx TOKEN"), want: to(noToken)},
	{id: "BT-05", name: "a scheme that ends with Bearer", fields: auth("xBearer TOKEN"), want: to(noToken)},
	{id: "BT-05", name: "a scheme with a hyphen", fields: auth("Bearer-Token TOKEN"), want: to(noToken)},
	{id: "BT-05", name: "the token alone", fields: auth("TOKEN"), want: to(noToken)},

	{id: "BT-06", name: "the scheme alone", fields: auth("Bearer"), want: to(malformed)},
	{id: "BT-06", name: "the scheme and a blank", fields: auth("Bearer "), want: to(malformed)},
	{id: "BT-04 A45", name: "a tab for a blank", fields: auth("Bearer\tTOKEN"), want: to(malformed)},
	{id: "BT-04", name: "a tab behind the blank", fields: auth("Bearer \tTOKEN"), want: to(malformed)},
	{id: "A45", name: "a no-break space for a blank", fields: auth("Bearer\u00a0TOKEN"), want: to(malformed, noToken, byServer)},
	{id: "BT-04", name: "a colon behind the scheme", fields: auth("Bearer: TOKEN"), want: to(malformed, noToken)},
	{id: "BT-04", name: "an equals sign behind the scheme", fields: auth("Bearer=TOKEN"), want: to(malformed, noToken)},
	{id: "BT-07", name: "two tokens", except: mobileFirst7, fields: auth("Bearer TOKEN TOKEN"), want: to(malformed)},
	{id: "SV-03", name: "an access token and an ID token", only: mobileFirst7, fields: auth("Bearer TOKEN eyJ.i.d"), want: to(accepted)},
	{id: "SV-03", name: "three tokens", only: mobileFirst7, fields: auth("Bearer TOKEN b c"), want: to(malformed)},
	{id: "BT-07", name: "a parameter behind the token", fields: auth("Bearer TOKEN x=y"), want: to(malformed)},
	{id: "BT-07", name: "a quoted token", fields: auth(`Bearer "TOKEN"`), want: to(malformed)},
	{id: "BT-07", name: "a parameter for a token", fields: auth(`Bearer token="TOKEN"`), want: to(malformed)},
	{id: "BT-08", name: "a comma at the end", fields: auth("Bearer TOKEN,"), want: to(malformed)},
	{id: "BT-16", name: "padding within the token", fields: auth("Bearer a=TOKEN"), want: to(malformed)},
	{id: "BT-16", name: "padding alone", fields: auth("Bearer ="), want: to(malformed)},
	{id: "BT-16", name: "much padding alone", fields: auth("Bearer ==="), want: to(malformed)},

	{id: "BT-08 A41", name: "two credentials in one field", fields: auth("Bearer TOKEN, Bearer TOKEN"), want: to(ambiguous)},
	{id: "BT-08 A41", name: "two credentials in one field, close together", fields: auth("Bearer TOKEN,Bearer x"), want: to(ambiguous)},
	{id: "BT-08 A41", name: "bearer credentials before others in one field", fields: auth("Bearer TOKEN, Basic dTpw"), want: to(ambiguous)},
	{id: "BT-08 A41", name: "bearer credentials behind others in one field", fields: auth("Basic dTpw, Bearer TOKEN"), want: to(ambiguous)},
	{id: "BT-09 BT-47 A40", name: "two fields", fields: bearer + auth("Bearer T2"), want: to(ambiguous)},
	{id: "BT-09 A40", name: "two fields, the other one first", fields: auth("Bearer T2") + bearer, want: to(ambiguous)},
	{id: "BT-09", name: "the same field twice", fields: bearer + bearer, want: to(ambiguous)},
	{id: "BT-09", name: "two fields apart", fields: bearer + "X-A: b\r\n" + bearer, want: to(ambiguous)},
	{id: "BT-09", name: "three fields", fields: bearer + bearer + bearer, want: to(ambiguous)},
	{id: "BT-10", name: "two fields of two spellings and schemes", fields: bearer + "authorization: Basic dTpw\r\n", want: to(ambiguous)},
	{id: "BT-10", name: "two fields, neither of them bearer", fields: auth("Basic dTpw") + auth("Basic dTpw"), want: to(ambiguous)},
	{id: "BT-11 A42", name: "an empty field before the token", fields: "Authorization:\r\n" + bearer, want: to(ambiguous)},
	{id: "BT-11 A42", name: "an empty field behind the token", fields: bearer + "Authorization:\r\n", want: to(ambiguous)},

	{id: "BT-22", name: "a token of 8192 bytes", fields: bearer, size: 8192, want: to(accepted)},
	{id: "BT-21", name: "a token of 8193 bytes", fields: bearer, size: 8193, want: to(malformed)},
	{id: "BT-21", name: "a token of 8193 bytes again", fields: bearer, again: true, want: to(malformed)},
	{id: "MFP-21", name: "a token of 6 KB", fields: bearer, size: 6 << 10, want: to(accepted)},
	{id: "A58", name: "a token of a million dots", fields: auth("Bearer TOKEN" + strings.Repeat(".", 1e6)), want: to(malformed, byServer)},
	{id: "A58", name: "a field of 20 000 commas", fields: auth("Basic " + strings.Repeat(",", 2e4)), want: to(noToken)},
}, characterRows()...)

// characterRows have one character in the token that is not allowed in bearer tokens (BT-15).
func characterRows() []row {
	var rows []row
	for _, c := range []string{`"`, ";", "%20", "&", `\`, "{", ":", "|", "'", "<", "?", "@", "#", "$", "*", "!", "(", "é", "\xe9", "\x80", "\xff", "\u2028"} {
		rows = append(rows, row{id: "BT-15 A52", name: "a token with " + strings.Trim(strconv.Quote(c), `"`), fields: auth("Bearer TOKEN" + c + "b"), want: to(malformed)})
	}
	for _, c := range []string{"\x00", "\r", "\x01", "\x1b", "\x7f"} {
		rows = append(rows,
			row{id: "BT-17 A47", name: "a token with " + strings.Trim(strconv.Quote(c), `"`), fields: auth("Bearer TOKEN" + c + "1"), want: to(malformed, byServer)},
			row{id: "BT-17 A47", name: strconv.Quote(c) + " for a blank", fields: auth("Bearer" + c + "TOKEN"), want: to(malformed, byServer)},
		)
	}
	return rows
}
