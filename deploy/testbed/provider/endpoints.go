package main

import (
	"context"
	"log"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// endpoints knows which replicas are ready, and deals calls out to them in turn.
type endpoints struct {
	engine *engine
	mutex  sync.RWMutex
	ready  map[string][]string // function → addresses of ready replicas
	turn   atomic.Uint64
}

// Resolve gives the address of a replica that is ready; the SDK's proxy asks it for every call.
func (e *endpoints) Resolve(function string) (url.URL, error) {
	name := strings.TrimSuffix(function, "."+namespace)
	ready := e.of(name)
	if len(ready) == 0 {
		return url.URL{}, notFound("a ready replica of " + name)
	}
	address := ready[e.turn.Add(1)%uint64(len(ready))]
	return url.URL{Scheme: "http", Host: address}, nil
}

func (e *endpoints) of(function string) []string {
	e.mutex.RLock()
	defer e.mutex.RUnlock()
	return e.ready[function]
}

// watch probes every replica each half second.
func (e *endpoints) watch(ctx context.Context) {
	for tick := time.NewTicker(time.Second / 2); ; {
		if err := e.look(ctx); err != nil {
			log.Printf("probing replicas: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *endpoints) look(ctx context.Context) error {
	found, err := e.engine.replicas(ctx, "")
	if err != nil {
		return err
	}
	addresses := make([]string, len(found))
	var probes sync.WaitGroup
	for i, replica := range found {
		probes.Go(func() {
			if address := e.engine.address(replica); replica.State == "running" && isReady(ctx, address) {
				addresses[i] = address
			}
		})
	}
	probes.Wait()
	ready := map[string][]string{}
	for i, replica := range found {
		if addresses[i] != "" {
			name := replica.Labels[functionLabel]
			ready[name] = append(ready[name], addresses[i])
		}
	}
	e.mutex.Lock()
	e.ready = ready
	e.mutex.Unlock()
	return nil
}

// isReady asks a replica as Kubernetes would: within a second, 200 or not.
func isReady(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":8080/_/ready", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
