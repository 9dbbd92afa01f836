package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"

	"github.com/openfaas/faas-provider/types"
)

var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)

// secretStore keeps secrets as files; a function's folder holds only those that it may read.
type secretStore struct{ folder string }

func (s secretStore) path(name string) string   { return filepath.Join(s.folder, "all", name) }
func (s secretStore) mount(owner string) string { return filepath.Join(s.folder, "of", owner) }

// lend fills the folder that a function gets to see.
func (s secretStore) lend(function string, names []string) error {
	if err := os.RemoveAll(s.mount(function)); err != nil {
		return err
	}
	if err := os.MkdirAll(s.mount(function), 0o755); err != nil {
		return err
	}
	for _, name := range names {
		value, err := os.ReadFile(s.path(filepath.Base(name)))
		if err != nil {
			return notFound("secret " + name)
		}
		// The function's user is not ours: it reads through "others"; the folders above are closed.
		if err := os.WriteFile(filepath.Join(s.mount(function), filepath.Base(name)), value, 0o444); err != nil {
			return err
		}
	}
	return nil
}

func (s secretStore) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		answer(func(*http.Request) (any, error) { return s.list() })(w, r)
		return
	}
	var secret types.Secret
	if err := json.NewDecoder(r.Body).Decode(&secret); err != nil || !plainName.MatchString(secret.Name) {
		http.Error(w, "a secret needs a plain name", http.StatusBadRequest)
		return
	}
	if err := s.change(r.Method, secret); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (s secretStore) change(method string, secret types.Secret) error {
	if method == http.MethodDelete {
		return os.Remove(s.path(secret.Name))
	}
	value := secret.RawValue
	if len(value) == 0 {
		value = []byte(secret.Value)
	}
	if err := os.MkdirAll(filepath.Dir(s.path(secret.Name)), 0o700); err != nil {
		return err
	}
	return os.WriteFile(s.path(secret.Name), value, 0o600)
}

func (s secretStore) list() ([]types.Secret, error) {
	files, err := os.ReadDir(s.path(""))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	names := []types.Secret{}
	for _, file := range files {
		names = append(names, types.Secret{Name: file.Name(), Namespace: namespace})
	}
	return names, nil
}
