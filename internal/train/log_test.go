package train_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"plumbline/internal/train"
)

// sameText fails with the first line that differs.
func sameText(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("line %d: got %s\nwant %s", i+1, g[i], w[i])
			return
		}
	}
	if len(g) != len(w) {
		t.Errorf("got %d lines, want %d", len(g), len(w))
	}
}

// record opens a log after step and writes the steps after it up to last.
func record(t *testing.T, dir, stage string, step, last int) {
	t.Helper()
	l, err := train.OpenLog(dir, stage, step)
	if err != nil {
		t.Fatal(err)
	}
	for s := step + 1; s <= last; s++ {
		if err := l.Write(s, train.Metrics{"loss": 1 / float64(s), "kl": float64(s)}); err != nil {
			t.Fatal(err)
		}
		if err := l.Sample(train.Sample{Step: s, Model: stage, ID: "p1", Prompt: "从前", Response: fmt.Sprint("<b>", s)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

var times = regexp.MustCompile(`"(time_s|tok_s)":[0-9.e+-]+|wall_time:\s*[0-9.e+]+|tok_s"\s+simple_value:\s*[0-9.e+]+`)

// recorded is the whole log of a run directory as text, without times.
func recorded(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{train.MetricsFile, train.SamplesFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, e := range readEvents(t, dir) {
		text := times.ReplaceAllString(prototext.MarshalOptions{}.Format(e), "")
		all.WriteString(strings.Join(strings.Fields(text), " ") + "\n") // its spacing varies on purpose
	}
	return times.ReplaceAllString(all.String(), "")
}

func TestLog_Lines(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, "sft", 0, 1)
	b, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^\{"stage":"sft","step":1,"time_s":[0-9.]+,"kl":1,"loss":1\}\n$`)
	if !want.Match(b) {
		t.Errorf("got %s, want %s", b, want)
	}
}

// A log cut back and gone on with is the log of an undisturbed run.
func TestOpenLog_CutsBack(t *testing.T) {
	whole, cut := t.TempDir(), t.TempDir()
	record(t, whole, "sft", 0, 3)
	record(t, whole, "ppo", 0, 5)

	record(t, cut, "sft", 0, 3)
	record(t, cut, "ppo", 0, 4) // saved at 2, killed in the middle of writing step 5
	for glob, torn := range map[string]string{"*.jsonl": `{"stage":"pp`, "events.*": "\x20\x00\x00"} {
		paths, err := filepath.Glob(filepath.Join(cut, glob))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v, %v", glob, paths, err)
		}
		for _, p := range paths {
			f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(torn); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	record(t, cut, "ppo", 2, 5)
	sameText(t, recorded(t, cut), recorded(t, whole))
}

func TestLog_RefusesWhatIsNotFinite(t *testing.T) {
	dir := t.TempDir()
	l, err := train.OpenLog(dir, "ppo", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	err = l.Write(12, train.Metrics{"kl": math.NaN(), "loss": 1, "ratio": math.Inf(1)})
	want := "train: metrics: ppo step 12: kl: got NaN, want a finite number\ntrain: metrics: ppo step 12: ratio: got +Inf, want a finite number"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v, want %s", err, want)
	}
	if err := l.Write(12, train.Metrics{"step": 1}); err == nil || !strings.Contains(err.Error(), `got the name "step"`) {
		t.Errorf("reserved name: err = %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl")); err != nil || len(b) > 0 {
		t.Errorf("written all the same: %q, %v", b, err)
	}
}

func TestReadBack(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, "sft", 0, 2)
	rows, err := train.ReadMetrics(dir)
	if err != nil || len(rows) != 2 || rows[1].Stage != "sft" || rows[1].Step != 2 || rows[1].Metrics["loss"] != .5 || len(rows[1].Metrics) != 2 {
		t.Errorf("metrics: got %+v, %v", rows, err)
	}
	samples, err := train.ReadSamples(filepath.Join(dir, train.SamplesFile))
	if err != nil || len(samples) != 2 || samples[1].Response != "<b>2" || samples[1].Prompt != "从前" || samples[1].Stage != "sft" {
		t.Errorf("samples: got %+v, %v", samples, err)
	}
	if rows, err := train.ReadMetrics(t.TempDir()); err != nil || rows != nil {
		t.Errorf("no file: got %v, %v", rows, err)
	}
}

func TestReadMetrics_NamesTheLine(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "metrics.jsonl"), []byte("{\"stage\":\"a\",\"step\":1}\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := train.ReadMetrics(dir); err == nil || !strings.Contains(err.Error(), "metrics.jsonl:2: ") {
		t.Errorf("read: err = %v, want line 2", err)
	}
	if _, err := train.OpenLog(dir, "a", 0); err == nil || !strings.Contains(err.Error(), "metrics.jsonl:2: ") {
		t.Errorf("open: err = %v, want line 2", err)
	}
}

// eventProto is the part of TensorFlow's event.proto, summary.proto, tensor.proto and
// types.proto that is in use, by their own field names and numbers.
const eventProto = `{"name":"event.proto","package":"tensorflow","syntax":"proto3","messageType":[
 {"name":"Event","field":[
  {"name":"wall_time","number":1,"type":"TYPE_DOUBLE","label":"LABEL_OPTIONAL"},
  {"name":"step","number":2,"type":"TYPE_INT64","label":"LABEL_OPTIONAL"},
  {"name":"file_version","number":3,"type":"TYPE_STRING","label":"LABEL_OPTIONAL"},
  {"name":"summary","number":5,"type":"TYPE_MESSAGE","typeName":".tensorflow.Summary","label":"LABEL_OPTIONAL"}]},
 {"name":"Summary","nestedType":[{"name":"Value","field":[
  {"name":"tag","number":1,"type":"TYPE_STRING","label":"LABEL_OPTIONAL"},
  {"name":"simple_value","number":2,"type":"TYPE_FLOAT","label":"LABEL_OPTIONAL"},
  {"name":"tensor","number":8,"type":"TYPE_MESSAGE","typeName":".tensorflow.TensorProto","label":"LABEL_OPTIONAL"},
  {"name":"metadata","number":9,"type":"TYPE_MESSAGE","typeName":".tensorflow.SummaryMetadata","label":"LABEL_OPTIONAL"}]}],
  "field":[{"name":"value","number":1,"type":"TYPE_MESSAGE","typeName":".tensorflow.Summary.Value","label":"LABEL_REPEATED"}]},
 {"name":"SummaryMetadata","nestedType":[{"name":"PluginData","field":[
  {"name":"plugin_name","number":1,"type":"TYPE_STRING","label":"LABEL_OPTIONAL"}]}],
  "field":[{"name":"plugin_data","number":1,"type":"TYPE_MESSAGE","typeName":".tensorflow.SummaryMetadata.PluginData","label":"LABEL_OPTIONAL"}]},
 {"name":"TensorProto","field":[
  {"name":"dtype","number":1,"type":"TYPE_INT32","label":"LABEL_OPTIONAL"},
  {"name":"string_val","number":8,"type":"TYPE_BYTES","label":"LABEL_REPEATED"}]}]}`

// readEvents decodes the event file of a run directory with the protobuf library. The
// framing is read by hand: lengths only, the CRCs are compared in TestMaskedCRC.
func readEvents(t *testing.T, dir string) []proto.Message {
	t.Helper()
	var fd descriptorpb.FileDescriptorProto
	if err := protojson.Unmarshal([]byte(eventProto), &fd); err != nil {
		t.Fatal(err)
	}
	file, err := protodesc.NewFile(&fd, nil)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("event files: got %v, %v, want one", paths, err)
	}
	b, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var events []proto.Message
	for len(b) > 0 {
		n := int(b[0]) | int(b[1])<<8
		m := dynamicpb.NewMessage(file.Messages().ByName("Event"))
		if err := proto.Unmarshal(b[12:12+n], m); err != nil {
			t.Fatal(err)
		}
		if len(m.GetUnknown()) > 0 {
			t.Errorf("fields that TensorFlow does not have: %x", m.GetUnknown())
		}
		events = append(events, m)
		b = b[16+n:]
	}
	return events
}

func TestEvents(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, "ppo", 0, 1)
	var got []string
	for _, e := range readEvents(t, dir) {
		text := times.ReplaceAllString(prototext.MarshalOptions{}.Format(e), "")
		got = append(got, strings.Join(strings.Fields(text), " "))
	}
	want := []string{
		`file_version:"brain.Event:2"`,
		`step:1 summary:{value:{tag:"ppo/kl" simple_value:1} value:{tag:"ppo/loss" simple_value:1}}`,
		`step:1 summary:{value:{tag:"ppo/sample/p1" tensor:{dtype:7 string_val:"> 从前\n\n<b>1"} metadata:{plugin_data:{plugin_name:"text"}}}}`,
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	}
}
