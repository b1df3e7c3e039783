//go:build long

package main

// killsEach is how often each way to kill is tried at least: 200 kills in all.
const killsEach = 50
