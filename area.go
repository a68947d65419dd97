package loa

import (
	"fmt"
	"strings"
)

// Area is a place in the tree of offices: a lower-case path of slugs such as
// "vn/tien-giang/cho-gao/xuan-dong". A device id is an area too, below all.
type Area string

const (
	maxArea  = 256
	areaText = `slugs of a-z, 0-9 and "-" joined by "/", at most 256 bytes, as "vn/tien-giang/cho-gao"`
)

// ParseArea checks the form of an area.
func ParseArea(s string) (Area, error) {
	bad := fmt.Errorf("area %q is not allowed; allowed: %s", clip(s, 40), areaText)
	if s == "" || len(s) > maxArea {
		return "", bad
	}
	for slug := range strings.SplitSeq(s, "/") {
		if slug == "" || strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", bad
		}
	}
	return Area(s), nil
}

// Holds reports whether a is b or an ancestor of b.
func (a Area) Holds(b Area) bool {
	return a == b || (a != "" && strings.HasPrefix(string(b), string(a)+"/"))
}

// Ancestors returns a and every area above it, the nearest first.
func (a Area) Ancestors() []Area {
	var out []Area
	for s := string(a); s != ""; {
		out = append(out, Area(s))
		i := strings.LastIndexByte(s, '/')
		if i < 0 {
			break
		}
		s = s[:i]
	}
	return out
}
