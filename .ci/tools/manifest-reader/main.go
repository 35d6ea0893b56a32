// Reads manifests as Go's clients do: with encoding/json, into the structs of image-spec and of
// go-containerregistry. Each line of the input is a JSON string, a manifest in base64; each line of the
// output is what the readers made of it, or why they refused it.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"log"
	"os"

	ggcr "github.com/google/go-containerregistry/pkg/v1"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Withdrawn from image-spec, and still read by oras.
type artifact struct {
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType"`
	Blobs        []spec.Descriptor `json:"blobs,omitempty"`
	Subject      *spec.Descriptor  `json:"subject,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

type reading struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func read(manifest []byte, into any) reading {
	if err := json.Unmarshal(manifest, into); err != nil {
		return reading{Error: err.Error()}
	}
	return reading{Value: into}
}

// go-containerregistry's own entries, which decode only the first value of a stream.
func parsed[T any](manifest []byte, parse func(*bytes.Reader) (T, error)) reading {
	value, err := parse(bytes.NewReader(manifest))
	if err != nil {
		return reading{Error: err.Error()}
	}
	return reading{Value: value}
}

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	lines := json.NewDecoder(input)
	encoder := json.NewEncoder(output)
	for lines.More() {
		var line string
		if err := lines.Decode(&line); err != nil {
			log.Fatal(err)
		}
		manifest, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			log.Fatal(err)
		}
		readings := map[string]reading{
			"image":    read(manifest, &spec.Manifest{}),
			"index":    read(manifest, &spec.Index{}),
			"artifact": read(manifest, &artifact{}),
			"ggcrImage": parsed(manifest, func(r *bytes.Reader) (*ggcr.Manifest, error) {
				return ggcr.ParseManifest(r)
			}),
			"ggcrIndex": parsed(manifest, func(r *bytes.Reader) (*ggcr.IndexManifest, error) {
				return ggcr.ParseIndexManifest(r)
			}),
		}
		if err := encoder.Encode(readings); err != nil {
			log.Fatal(err)
		}
	}
}
