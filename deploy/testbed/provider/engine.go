package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const (
	functionLabel = "com.openfaas.function"
	specLabel     = "com.openfaas.spec"
)

// notFound says that there is no such function, container or secret.
type notFound string

func (e notFound) Error() string { return string(e) + " is not there" }

// engine is the part of the Docker Engine API that functions need, over its Unix socket.
type engine struct {
	client  *http.Client
	network string
}

// container is what the engine says about one replica.
type container struct {
	ID              string `json:"Id"`
	Names           []string
	State           string
	Created         int64
	Labels          map[string]string
	NetworkSettings struct {
		Networks map[string]struct{ IPAddress string }
	}
}

// object is a JSON object on its way to the engine.
type object map[string]any

func newEngine(socket, network string) *engine {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &engine{client: &http.Client{Transport: &http.Transport{DialContext: dial}}, network: network}
}

func (e *engine) address(c container) string { return c.NetworkSettings.Networks[e.network].IPAddress }

// replicas lists the containers of one function, or of all if name is empty, oldest first.
func (e *engine) replicas(ctx context.Context, name string) ([]container, error) {
	label := functionLabel
	if name != "" {
		label += "=" + name
	}
	filters, err := json.Marshal(map[string][]string{"label": {label}})
	if err != nil {
		return nil, err
	}
	var found []container
	err = e.call(ctx, http.MethodGet, "/containers/json?all=1&filters="+url.QueryEscape(string(filters)), nil, &found)
	return found, err
}

// pull fetches an image and waits until it is there.
func (e *engine) pull(ctx context.Context, image string) error {
	response, err := e.send(ctx, http.MethodPost, "/images/create?fromImage="+url.QueryEscape(image), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	for lines := json.NewDecoder(response.Body); ; {
		var line struct{ Error string }
		if err := lines.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if line.Error != "" {
			return fmt.Errorf("image %s: %s", image, line.Error)
		}
	}
}

// run creates and starts a container.
func (e *engine) run(ctx context.Context, name string, spec object) error {
	var created struct{ ID string }
	if err := e.call(ctx, http.MethodPost, "/containers/create?name="+url.QueryEscape(name), spec, &created); err != nil {
		return err
	}
	return e.call(ctx, http.MethodPost, "/containers/"+created.ID+"/start", nil, nil)
}

// stop lets a container finish for some seconds, then removes it.
func (e *engine) stop(ctx context.Context, id string, seconds int) error {
	if err := e.call(ctx, http.MethodPost, fmt.Sprintf("/containers/%s/stop?t=%d", id, seconds), nil, nil); err != nil {
		return err
	}
	return e.call(ctx, http.MethodDelete, "/containers/"+id+"?force=1&v=1", nil, nil)
}

// call sends a request and reads the answer into result, if that is not nil.
func (e *engine) call(ctx context.Context, method, path string, body object, result any) error {
	response, err := e.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if result == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(result)
}

func (e *engine) send(ctx context.Context, method, path string, body object) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://docker/v1.41"+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := e.client.Do(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	return nil, fmt.Errorf("docker: %s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(said)))
}
