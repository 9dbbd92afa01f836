package main

import (
	"strconv"
	"strings"
)

var units = map[string]float64{
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 1e3, "M": 1e6, "G": 1e9, "m": 1 << 20, "g": 1 << 30, "": 1,
}

// bytesOf reads "512Mi" or "2G"; what it cannot read is no limit.
func bytesOf(text string) int64 {
	digits := strings.TrimRight(text, "KMGkmgi")
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0
	}
	return int64(number * units[text[len(digits):]])
}

// nanoCPUs reads "500m" or "1.5"; what it cannot read is no limit.
func nanoCPUs(text string) int64 {
	number, err := strconv.ParseFloat(strings.TrimSuffix(text, "m"), 64)
	if err != nil {
		return 0
	}
	if strings.HasSuffix(text, "m") {
		number /= 1000
	}
	return int64(number * 1e9)
}
