// Package configs reads run files. It alone imports Viper; the settings
// themselves, with their defaults and rules, live beside the code that obeys them
// (sft.Config, reward.Config, ppo.Config).
//
// A setting comes from, the later the stronger: the defaults, the file, the
// PLUMB_* environment, --set. Read the files in the order a setting moves:
//
//	schema.go    a config type -> the keys it has
//	source.go    file, environment, --set -> YAML nodes, each with its place
//	check.go     node against schema: unknown keys, wrong types
//	load.go      layers -> the config, and its Validate
//	fault.go     what is wrong, where, and the nearest key
//	resolved.go  a config -> YAML, JSON Schema, a tree to compare
//
// A config is a struct. Keys are its mapstructure tags; a field may be a bool, a
// number, a string, a time.Duration, a struct, a pointer to a struct, or a list of
// those. A pointer is an optional section: its defaults are what it points to in
// the default config, and after Load it is nil unless some layer mentions it.
package configs
