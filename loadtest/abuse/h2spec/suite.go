// Package h2spec names the suite, so that its version is kept.
package h2spec

import _ "github.com/summerwind/h2spec"
