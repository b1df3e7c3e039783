package dataset

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

// testdata/list_columns.parquet is of apache/parquet-testing, written by Arrow C++ as
// pyarrow and Hugging Face's datasets write lists; its README lists these values.
func TestParquet_ListsOfArrow(t *testing.T) {
	path := filepath.Join("testdata", "list_columns.parquet")
	var got []string
	for r, err := range rows(path) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(r.fields)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b))
	}
	want := []string{
		`{"int64_list":[1,2,3],"utf8_list":["abc","efg","hij"]}`,
		`{"int64_list":[null,1],"utf8_list":null}`,
		`{"int64_list":[4],"utf8_list":["efg",null,"hij","xyz"]}`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

type parquetTurn struct {
	Role    string `parquet:"role"`
	Content string `parquet:"content"`
}

type parquetPair struct {
	ID       int64         `parquet:"id"`
	Prompt   *string       `parquet:"prompt,optional"`
	Chosen   []parquetTurn `parquet:"chosen,list"`
	Rejected []parquetTurn `parquet:"rejected,list"`
	Score    float64       `parquet:"score_chosen"`
}

// pairsFile is ultrafeedback_binarized as Hugging Face lays it out: n rows of the prompt
// and two conversations that begin with it.
func pairsFile(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[parquetPair](&b, parquet.Compression(&parquet.Snappy))
	ask := "Q\xff"
	for i := range n {
		_, err := w.Write([]parquetPair{{
			ID: int64(i), Prompt: &ask, Score: 7.5,
			Chosen:   []parquetTurn{{"user", ask}, {"assistant", "A"}},
			Rejected: []parquetTurn{{"user", ask}, {"assistant", "B\x80"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParquet_Preferences(t *testing.T) {
	path := write(t, "pairs.parquet", string(pairsFile(t, 300)))
	got, err := Collect(Comparisons(path, Options{}))
	if err != nil || len(got) != 300 {
		t.Fatalf("got %d, %v, want 300", len(got), err)
	}
	want := Comparison{"299", Prompt{ID: "299", Text: "Q\xff"}, []string{"A", "B\x80"}, []Preference{{Chosen: 0, Rejected: 1, Weight: 1}}, nil}
	if !reflect.DeepEqual(got[299], want) {
		t.Errorf("got %+v, want %+v", got[299], want)
	}
}

func TestParquet_Faults(t *testing.T) {
	whole := pairsFile(t, 3)
	huge := bytes.Clone(whole)
	copy(huge[len(huge)-8:], "\xff\xff\xff\x7f")
	for _, c := range []struct {
		name, text, want string
	}{
		{"nothing", "", "p.parquet: parquet: got 0 bytes, want a file"},
		{"another format", strings.Repeat("no parquet ", 10), "p.parquet: parquet: "},
		{"cut short", string(whole[:len(whole)/2]), "p.parquet: parquet: "},
		{"a footer of 2 GB", string(huge), "p.parquet: parquet: got a footer of 2147483647 bytes"},
		{"bytes turned round", string(whole[:60]) + strings.Repeat("\xff", 40) + string(whole[100:]), "p.parquet: row "},
		{"no rows", string(pairsFile(t, 0)), "p.parquet: got no record, want ≥ 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Collect(Comparisons(write(t, "p.parquet", c.text), Options{}))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := Collect(Comparisons(write(t, "p.parquet.gz", "x"), Options{})); err == nil || !strings.Contains(err.Error(), `got suffix ".parquet"`) {
		t.Errorf("packed: got %v, want it refused", err)
	}
}

// Whatever the bytes: rows or an error, never a panic.
func FuzzParquet(f *testing.F) {
	f.Add(pairsFile(f, 3))
	b, err := os.ReadFile(filepath.Join("testdata", "list_columns.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for _, err := range parquetRows("f", bytes.NewReader(b), int64(len(b))) {
			if n++; err != nil || n == 1000 { // the number of rows is only a claim
				return
			}
		}
	})
}

func TestZstandard(t *testing.T) {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte("\ufeff{\"prompt\": \"a\"}\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := Collect(Prompts(write(t, "p.jsonl.zst", b.String()), Options{})); err != nil || len(got) != 1 || got[0].Text != "a" {
		t.Errorf("got %v, %v, want the prompt a", got, err)
	}
	for name, text := range map[string]string{"cut short": b.String()[:b.Len()-3], "not packed": "{}"} {
		if _, err := Collect(Prompts(write(t, "p.jsonl.zst", text), Options{})); err == nil || !strings.Contains(err.Error(), "p.jsonl.zst") {
			t.Errorf("%s: got %v, want an error that names the file", name, err)
		}
	}
}
