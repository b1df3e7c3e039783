//go:build !long

package main

// killsEach is how often each way to kill is tried at least.
const killsEach = 6
