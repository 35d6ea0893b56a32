// Command schema1-tool says what distribution 2 and libtrust make of manifests of schema 1.
//
//	schema1-tool convert NAME TAG DIGEST... < config   the payload of the converted manifest
//	schema1-tool verify < manifest                     the payload, if all signatures hold
//	schema1-tool sign < payload                        the manifest, signed with a new key
//	schema1-tool sign-rsa < payload                    the same, with an RSA key
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/distribution/reference"
	"github.com/docker/distribution"
	"github.com/docker/distribution/manifest/schema1"
	"github.com/docker/libtrust"
	"github.com/opencontainers/go-digest"
)

// blobs has all blobs.
type blobs struct{ distribution.BlobService }

func (blobs) Stat(_ context.Context, d digest.Digest) (distribution.Descriptor, error) {
	return distribution.Descriptor{Digest: d}, nil
}

func run(command string, arguments []string) ([]byte, error) {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, err
	}
	switch command {
	case "convert":
		return convert(input, arguments[0], arguments[1], arguments[2:])
	case "verify":
		var manifest schema1.SignedManifest
		if err := manifest.UnmarshalJSON(input); err != nil {
			return nil, err
		}
		if _, err := schema1.Verify(&manifest); err != nil {
			return nil, err
		}
		return manifest.Canonical, nil
	case "sign":
		return sign(input, libtrust.GenerateECP256PrivateKey)
	case "sign-384":
		return sign(input, libtrust.GenerateECP384PrivateKey)
	case "sign-rsa":
		return sign(input, libtrust.GenerateRSA2048PrivateKey)
	}
	return nil, fmt.Errorf("%q is not a command", command)
}

func convert(config []byte, name, tag string, digests []string) ([]byte, error) {
	key, err := libtrust.GenerateECP256PrivateKey()
	if err != nil {
		return nil, err
	}
	named, err := reference.WithName(name)
	if err != nil {
		return nil, err
	}
	tagged, err := reference.WithTag(named, tag)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	builder := schema1.NewConfigManifestBuilder(blobs{}, key, tagged, config)
	for _, each := range digests {
		if err := builder.AppendReference(distribution.Descriptor{Digest: digest.Digest(each)}); err != nil {
			return nil, err
		}
	}
	built, err := builder.Build(ctx)
	if err != nil {
		return nil, err
	}
	return built.(*schema1.SignedManifest).Canonical, nil
}

func sign[K libtrust.PrivateKey](payload []byte, generate func() (K, error)) ([]byte, error) {
	key, err := generate()
	if err != nil {
		return nil, err
	}
	signature, err := libtrust.NewJSONSignature(payload)
	if err != nil {
		return nil, err
	}
	if err := signature.Sign(key); err != nil {
		return nil, err
	}
	return signature.PrettySignature("signatures")
}

func main() {
	output, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(output)
}
