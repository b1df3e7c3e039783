package checkpoint

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestParseGeneration(t *testing.T) {
	for text, want := range map[string]IDs{
		`{"eos_token_id": 2, "top_k": 5, "_from_model_config": true}`: {2},
		`{"eos_token_id": [2, 7]}`:                                    {2, 7},
		`{"eos_token_id": null}`:                                      nil,
		``:                                                            nil,
	} {
		g, err := ParseGeneration([]byte(text))
		if err != nil || !reflect.DeepEqual(g.EOS, want) {
			t.Errorf("%s: got %v, %v, want %v", text, g.EOS, err, want)
		}
	}
	for _, bad := range []string{`{"eos_token_id": "2"}`, `[`, `{"temperature": []}`} {
		if _, err := ParseGeneration([]byte(bad)); err == nil {
			t.Errorf("%s: got no error", bad)
		}
	}
	if text, err := json.Marshal(Generation{EOS: IDs{3}, BOS: IDs{1, 2}}); err != nil || string(text) != `{"bos_token_id":[1,2],"eos_token_id":3}` {
		t.Errorf("written: got %s, %v", text, err)
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00001.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../../etc/passwd"}}`))
	f.Add([]byte(`{"weight_map":{"a":""}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := parseIndex(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if y, err := parseIndex(again); err != nil || !reflect.DeepEqual(x, y) {
			t.Errorf("written back: got %v, %v, want %v", y, err, x)
		}
	})
}
