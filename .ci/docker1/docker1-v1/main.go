// Pushes, pulls and searches by the first API as Docker 1.13.1 does, with its own package, and says what passed.
// Usage: docker1-v1 HOST:PORT NAME push|pull [USER PASSWORD]
// A push is of two images, one on top of the other, that are always the same, but for ids that NAME tells; a pull
// follows, and a search. Prints each request and response, with the headers that count, and `#` before what the client made of them.
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/docker/docker/api/types"
	registrytypes "github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/reference"
	"github.com/docker/docker/registry"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("# failed:", err)
		os.Exit(1)
	}
}

// headers are those that clients and servers of the first API look at.
var headers = []string{"Accept", "Authorization", "Cache-Control", "Content-Type", "Cookie", "Range", "Set-Cookie", "Www-Authenticate"}

func shown(header http.Header) string {
	var lines []string
	for name, values := range header {
		known := strings.HasPrefix(name, "X-Docker")
		for _, each := range headers {
			known = known || each == name
		}
		if known {
			lines = append(lines, fmt.Sprintf(" [%s: %s]", name, strings.Join(values, ", ")))
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// said shows what passes a transport.
type said struct{ http.RoundTripper }

func (transport said) RoundTrip(request *http.Request) (*http.Response, error) {
	fmt.Printf("> %s %s%s\n", request.Method, request.URL.RequestURI(), shown(request.Header))
	response, err := transport.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	text := string(body)
	if strings.HasSuffix(request.URL.Path, "/layer") && request.Method == "GET" {
		text = fmt.Sprintf("%d bytes, sha256:%x", len(body), sha256.Sum256(body))
	}
	fmt.Printf("< %d%s | %s\n", response.StatusCode, shown(response.Header), text)
	return response, nil
}

func run(args []string) error {
	host, name, mode := args[0], args[1], args[2]
	account := &types.AuthConfig{}
	if len(args) > 3 {
		account.Username, account.Password = args[3], args[4]
	}
	index := &registrytypes.IndexInfo{Name: host, Secure: false, Official: false}
	endpoint, err := registry.NewV1Endpoint(index, "docker/1.13.1", http.Header{})
	if err != nil {
		return err
	}
	transport := registry.AuthTransport(said{registry.NewTransport(nil)}, account, false)
	session, err := registry.NewSession(registry.HTTPClient(transport), account, endpoint)
	if err != nil {
		return err
	}
	named, err := reference.ParseNamed(host + "/" + name)
	if err != nil {
		return err
	}
	if mode == "push" {
		if err := push(session, named); err != nil {
			return err
		}
	}
	if err := pull(session, named); err != nil {
		return err
	}
	found, err := session.SearchRepositories(path.Base(name), 25)
	if err != nil {
		return err
	}
	for _, each := range found.Results {
		fmt.Println("# found", each.Name)
	}
	return nil
}

// layer is an archive of one file, as all that docker 1.13.1 has.
func layer(name string) (io.Reader, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	content := []byte("content of " + name + "\n")
	header := &tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644, ModTime: time.Unix(1e9, 0), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
	if err := archive.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := archive.Write(content); err != nil {
		return nil, err
	}
	return &buffer, archive.Close()
}

func idOf(named reference.Named, what string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(named.RemoteName()+" "+what)))
}

func push(session *registry.Session, named reference.Named) error {
	images := []*registry.ImgData{{ID: idOf(named, "below")}, {ID: idOf(named, "top"), Tag: "latest"}}
	data, err := session.PushImageJSONIndex(named, images, false, nil)
	if err != nil {
		return err
	}
	endpoint := data.Endpoints[0]
	parent := ""
	for _, image := range images {
		if err := session.LookupRemoteImage(image.ID, endpoint); err == nil {
			fmt.Println("# is there", image.ID)
			continue
		}
		text := fmt.Sprintf(`{"id":"%s"%s,"created":"2015-05-20T19:51:23.8Z","container_config":{"Cmd":["/bin/sh","-c","touch <&>"]},"config":{"Env":["PATH=/bin"]},"architecture":"amd64","os":"linux","Size":3}`, image.ID, parent)
		parent = fmt.Sprintf(`,"parent":"%s"`, image.ID)
		if err := session.PushImageJSONRegistry(image, []byte(text), endpoint); err != nil {
			return err
		}
		files, err := layer("file" + image.Tag)
		if err != nil {
			return err
		}
		image.Checksum, image.ChecksumPayload, err = session.PushImageLayerRegistry(image.ID, files, endpoint, []byte(text))
		if err != nil {
			return err
		}
		if err := session.PushImageChecksumRegistry(image, endpoint); err != nil {
			return err
		}
	}
	if err := session.PushRegistryTag(named, images[1].ID, "latest", endpoint); err != nil {
		return err
	}
	_, err = session.PushImageJSONIndex(named, images, true, data.Endpoints)
	return err
}

func pull(session *registry.Session, named reference.Named) error {
	data, err := session.GetRepositoryData(named)
	if err != nil {
		return err
	}
	tags, err := session.GetRemoteTags(data.Endpoints, named)
	if err != nil {
		return err
	}
	id, ok := tags["latest"]
	if !ok {
		return fmt.Errorf("there is no latest among %v", tags)
	}
	ids, err := session.GetRemoteHistory(id, data.Endpoints[0])
	if err != nil {
		return err
	}
	for _, each := range ids {
		_, size, err := session.GetRemoteImageJSON(each, data.Endpoints[0])
		if err != nil {
			return err
		}
		body, err := session.GetRemoteImageLayer(each, data.Endpoints[0], size)
		if err != nil {
			return err
		}
		layer, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		fmt.Println("# layer of", each, size, len(layer))
	}
	return nil
}
