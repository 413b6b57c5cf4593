package strictjson_test

import (
	"fmt"

	"github.com/mfpguard/mfpguard/internal/strictjson"
)

func ExampleParse() {
	for _, body := range []string{
		`{"active":true,"scope":"read"}`,
		`{"Active":true}`,
		`{"active":"true"}`,
		`{"active":false,"\u0061ctive":true}`,
	} {
		o, err := strictjson.Parse([]byte(body))
		if err != nil {
			fmt.Println(err)
			continue
		}
		active, present, err := o.Bool("active")
		fmt.Println(active, present, err)
	}
	// Output:
	// true true <nil>
	// false false <nil>
	// false false member "active" is a string, want a boolean
	// member "active" appears twice in one object
}
