// Searches a registry as Docker 1.13.1 does, with its own package.
// Usage: docker1-search HOST:PORT TERM [USER PASSWORD]
// Prints the names that are found, one in a line.
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/docker/docker/api/types"
	registrytypes "github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/registry"
)

func main() {
	if err := search(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func search(args []string) error {
	index := &registrytypes.IndexInfo{Name: args[0], Secure: false, Official: false}
	endpoint, err := registry.NewV1Endpoint(index, "docker/1.13.1", http.Header{})
	if err != nil {
		return err
	}
	account := &types.AuthConfig{}
	if len(args) > 2 {
		account.Username, account.Password = args[2], args[3]
	}
	transport := registry.AuthTransport(registry.NewTransport(nil), account, false)
	session, err := registry.NewSession(registry.HTTPClient(transport), account, endpoint)
	if err != nil {
		return err
	}
	results, err := session.SearchRepositories(args[1], 25)
	if err != nil {
		return err
	}
	for _, result := range results.Results {
		fmt.Println(result.Name)
	}
	return nil
}
