// Package main is boardvm, which runs a static binary on an emulated ARM board
// with a sound card and GPIO lines, and says what came out of both.
//
//	go run ./tools/boardvm run --arch armv7 --file ./speakerd:/bin/speakerd -- /bin/speakerd version
//	go run ./tools/boardvm shell --arch arm64
//	go run ./tools/boardvm fetch
//
// The firmware's own tests on the board lie beside it, behind the build tag
// boardvm: go test -tags boardvm -count=1 -v ./tools/boardvm/...
package main
