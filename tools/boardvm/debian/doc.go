// Package debian fetches Debian packages of a foreign architecture and unpacks
// them, without a trace on the host: it runs the host's own apt in a private
// root (state, cache, sources and configuration under one directory) and
// unpacks with dpkg-deb -x. The host's dpkg data base is neither read nor
// written, and no foreign architecture is added to it.
//
// Sources, keyrings, credentials and proxies are the host's: what apt would
// refuse there, it refuses here. Signatures are checked as always.
package debian
