package train

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"plumbline/internal/durable"
)

// A TensorBoard event file is a row of records, each
//
//	length uint64 | masked CRC of it uint32 | protobuf Event | masked CRC of that uint32
//
// little endian. Fields are numbered as in tensorflow/core/util/event.proto and
// tensorflow/core/framework/summary.proto; names of scalars are "stage/figure".
const (
	eventWallTime    = 1 // double, seconds since 1970
	eventStep        = 2 // int64
	eventFileVersion = 3 // string, in the first record only
	eventSummary     = 5 // Summary
	summaryValue     = 1 // Value, repeated
	valueTag         = 1 // string
	valueSimple      = 2 // float
	valueTensor      = 8 // TensorProto, for texts
	valueMetadata    = 9 // SummaryMetadata
	tensorDtype      = 1 // enum; DT_STRING = 7
	tensorStrings    = 8 // bytes, repeated
	metadataPlugin   = 1 // PluginData
	pluginName       = 1 // string
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is CRC-32C turned and shifted, so that a CRC of data that hold CRCs stays
// strong (tensorflow/core/lib/hash/crc32c.h).
func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// record frames one event.
func record(event []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	b = binary.LittleEndian.AppendUint32(b, maskedCRC(b))
	b = append(b, event...)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(event))
}

func writeEvent(f *os.File, event []byte) error {
	_, err := f.Write(record(event))
	return err
}

// appendMessage appends a nested message, string or bytes field.
func appendMessage[T string | []byte](b []byte, field protowire.Number, m T) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), []byte(m))
}

// event is an Event with a time and a step.
func event(now time.Time, step int) []byte {
	b := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(float64(now.UnixNano())/1e9))
	b = protowire.AppendTag(b, eventStep, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(step))
}

// scalarEvent holds the figures of one step.
func scalarEvent(now time.Time, stage string, step int, m Metrics) []byte {
	var summary []byte
	for _, name := range m.names() {
		v := appendMessage(nil, valueTag, stage+"/"+name)
		v = protowire.AppendTag(v, valueSimple, protowire.Fixed32Type)
		v = protowire.AppendFixed32(v, math.Float32bits(float32(m[name])))
		summary = appendMessage(summary, summaryValue, v)
	}
	return appendMessage(event(now, step), eventSummary, summary)
}

// textEvent holds one text, which TensorBoard shows as Markdown.
func textEvent(now time.Time, stage string, step int, name, text string) []byte {
	tensor := protowire.AppendTag(nil, tensorDtype, protowire.VarintType)
	tensor = protowire.AppendVarint(tensor, 7)
	tensor = appendMessage(tensor, tensorStrings, text)
	metadata := appendMessage(nil, metadataPlugin, appendMessage(nil, pluginName, "text"))
	v := appendMessage(nil, valueTag, stage+"/"+name)
	v = appendMessage(v, valueTensor, tensor)
	v = appendMessage(v, valueMetadata, metadata)
	return appendMessage(event(now, step), eventSummary, appendMessage(nil, summaryValue, v))
}

// openEvents opens the event file of a run directory, or begins one, cut back as
// OpenLog says.
func openEvents(dir, stage string, step int) (*os.File, error) {
	found, err := filepath.Glob(filepath.Join(escapeGlob(dir), "events.out.tfevents.*"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		now := time.Now()
		path := filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%d.plumb", now.Unix()))
		version := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
		version = protowire.AppendFixed64(version, math.Float64bits(float64(now.Unix())))
		version = appendMessage(version, eventFileVersion, "brain.Event:2")
		if err := durable.WriteFile(path, record(version)); err != nil {
			return nil, err
		}
		found = []string{path}
	}
	path := slices.Max(found)
	if err := cutEvents(path, stage, step); err != nil {
		return nil, err
	}
	return openAppend(path)
}

// escapeGlob makes a pattern that matches only the path itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// cutEvents does to an event file what cutJSONL does to a log.
func cutEvents(path, stage string, step int) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var kept []byte
	for rest := b; len(rest) > 0; {
		event, n, err := nextRecord(rest)
		if errors.Is(err, errCutShort) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: byte %d: %w", path, len(b)-len(rest), err)
		}
		if s, tag := eventPlace(event); s <= step || !strings.HasPrefix(tag, stage+"/") {
			kept = append(kept, rest[:n]...)
		}
		rest = rest[n:]
	}
	if len(kept) == len(b) {
		return nil
	}
	return durable.WriteFile(path, kept)
}

var errCutShort = errors.New("record cut short")

// nextRecord is the event of the first record of b and the record's length. It fails
// on a wrong CRC; errCutShort means that b ends within the record.
func nextRecord(b []byte) (event []byte, n int, err error) {
	if len(b) < 12 {
		return nil, 0, errCutShort
	}
	if got, want := binary.LittleEndian.Uint32(b[8:]), maskedCRC(b[:8]); got != want {
		return nil, 0, fmt.Errorf("length: got CRC %08x, want %08x", got, want)
	}
	size := binary.LittleEndian.Uint64(b)
	if size > uint64(len(b)-12) || uint64(len(b)-12)-size < 4 {
		return nil, 0, errCutShort
	}
	event = b[12 : 12+size]
	if got, want := binary.LittleEndian.Uint32(b[12+size:]), maskedCRC(event); got != want {
		return nil, 0, fmt.Errorf("event: got CRC %08x, want %08x", got, want)
	}
	return event, int(16 + size), nil
}

// eventPlace is the step of an event and the tag of its first value; what another
// program wrote otherwise has step 0 and no tag, and stays.
func eventPlace(event []byte) (step int, tag string) {
	s, _ := protowire.ConsumeVarint(fieldOf(event, eventStep, protowire.VarintType))
	v := bytesOf(bytesOf(event, eventSummary), summaryValue)
	return int(s), string(bytesOf(v, valueTag))
}

// bytesOf is the first nested message, string or bytes of a field, or nil.
func bytesOf(m []byte, field protowire.Number) []byte {
	v, _ := protowire.ConsumeBytes(fieldOf(m, field, protowire.BytesType))
	return v
}

// fieldOf is what follows the first tag of a field, or nil.
func fieldOf(m []byte, field protowire.Number, typ protowire.Type) []byte {
	for len(m) > 0 {
		num, t, n := protowire.ConsumeTag(m)
		if n < 0 {
			return nil
		}
		m = m[n:]
		if num == field && t == typ {
			return m
		}
		if n = protowire.ConsumeFieldValue(num, t, m); n < 0 {
			return nil
		}
		m = m[n:]
	}
	return nil
}
