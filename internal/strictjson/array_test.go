package strictjson_test

import (
	"strings"
	"testing"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

func TestArray(t *testing.T) {
	tests := []struct {
		name, document string
		want           string // the elements, or the error
		present        bool
	}{
		{"absent", `{}`, "", false},
		{"null", `{"keys":null}`, "", false},
		{"empty", `{"keys":[]}`, "", true},
		{"elements", `{"keys":[{"a":1} , 2,"x"]}`, `{"a":1}|2|"x"`, true},
		{"an object", `{"keys":{}}`, `member "keys" is an object, want an array`, false},
		{"twice", `{"keys":[],"keys":[]}`, `member "keys" appears twice in one object`, false},
		{"an element with a defect", `{"keys":[{"a":1,"a":2},{"b":1}]}`, `{"a":1,"a":2}|{"b":1}`, true},
		{"an element that is no text", "{\"keys\":[\"\xff\",1]}", "\"\xff\"|1", true},
		{
			"an element that is too deep", `{"keys":[` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `,1]}`,
			strings.Repeat("[", 40) + strings.Repeat("]", 40) + "|1", true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := strictjson.ParseLenient([]byte(tt.document))
			if err != nil {
				t.Fatal(err)
			}
			elements, present, err := o.Array("keys")
			var parts []string
			for _, e := range elements {
				parts = append(parts, string(e))
			}
			got := strings.Join(parts, "|")
			if err != nil {
				got = err.Error()
			}
			if got != tt.want || present != tt.present {
				t.Errorf("Array = %s, %v, want %s, %v", got, present, tt.want, tt.present)
			}
		})
	}
}
