package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"github.com/openfaas/faas-provider/types"
)

// drainSeconds is how long a replica may finish what it does before it is killed.
const drainSeconds = 30

// fleet deploys, scales and removes functions; a function is what its containers' labels say.
type fleet struct {
	engine  *engine
	secrets secretStore
	mutex   sync.Mutex
}

// deploy starts a function, in place of the one with the same name if there is one.
func (f *fleet) deploy(ctx context.Context, wanted types.FunctionDeployment) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err := f.engine.pull(ctx, wanted.Image); err != nil {
		return err
	}
	if err := f.secrets.lend(wanted.Service, wanted.Secrets); err != nil {
		return err
	}
	old, err := f.engine.replicas(ctx, wanted.Service)
	if err != nil {
		return err
	}
	if err := f.stopAll(ctx, old); err != nil {
		return err
	}
	for number := range leastReplicas(wanted) {
		if err := f.start(ctx, wanted, number); err != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) remove(ctx context.Context, unwanted types.DeleteFunctionRequest) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	found, err := f.engine.replicas(ctx, unwanted.FunctionName)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return notFound(unwanted.FunctionName)
	}
	return f.stopAll(ctx, found)
}

func (f *fleet) scale(ctx context.Context, wanted types.ScaleServiceRequest) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	found, err := f.engine.replicas(ctx, wanted.ServiceName)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return notFound(wanted.ServiceName)
	}
	spec, err := specOf(found[0])
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, replica := range found {
		taken[strings.TrimPrefix(replica.Names[0], "/")] = true
	}
	for number := 0; len(found) < int(wanted.Replicas) && number < 2*int(wanted.Replicas); number++ {
		if taken[replicaName(spec, number)] {
			continue
		}
		if err := f.start(ctx, spec, number); err != nil {
			return err
		}
		found = append(found, container{})
	}
	return f.stopAll(ctx, found[min(len(found), int(max(wanted.Replicas, 1))):])
}

func (f *fleet) list(ready *endpoints) ([]types.FunctionStatus, error) {
	found, err := f.engine.replicas(context.Background(), "")
	if err != nil {
		return nil, err
	}
	functions := map[string]*types.FunctionStatus{}
	for _, replica := range found {
		name := replica.Labels[functionLabel]
		if functions[name] == nil {
			spec, err := specOf(replica)
			if err != nil {
				return nil, err
			}
			functions[name] = statusOf(spec, replica, ready)
		}
		functions[name].Replicas++
	}
	all := []types.FunctionStatus{}
	for _, function := range functions {
		all = append(all, *function)
	}
	slices.SortFunc(all, func(a, b types.FunctionStatus) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (f *fleet) status(ready *endpoints, r *http.Request) (*types.FunctionStatus, error) {
	name := mux.Vars(r)["name"]
	all, err := f.list(ready)
	if err != nil {
		return nil, err
	}
	for _, function := range all {
		if function.Name == name {
			return &function, nil
		}
	}
	return nil, notFound(name)
}

func (f *fleet) stopAll(ctx context.Context, unwanted []container) error {
	failures := make(chan error, len(unwanted))
	for _, replica := range unwanted {
		go func() { failures <- f.engine.stop(ctx, replica.ID, drainSeconds) }()
	}
	var first error
	for range unwanted {
		if err := <-failures; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (f *fleet) start(ctx context.Context, function types.FunctionDeployment, number int) error {
	encoded, err := json.Marshal(function)
	if err != nil {
		return err
	}
	labels := map[string]string{functionLabel: function.Service, specLabel: string(encoded)}
	spec := object{
		"Image":      function.Image,
		"Env":        environment(function),
		"Labels":     labels,
		"HostConfig": f.limits(function),
		"Volumes":    object{"/tmp": object{}},
	}
	return f.engine.run(ctx, replicaName(function, number), spec)
}

// limits are what a function may use: the sandbox of a container that needs no privilege.
func (f *fleet) limits(function types.FunctionDeployment) object {
	host := object{
		"NetworkMode":    f.engine.network,
		"Binds":          []string{f.secrets.mount(function.Service) + ":/var/openfaas/secrets:ro"},
		"CapDrop":        []string{"ALL"},
		"SecurityOpt":    []string{"no-new-privileges"},
		"PidsLimit":      512,
		"ReadonlyRootfs": function.ReadOnlyRootFilesystem,
		"RestartPolicy":  object{"Name": "always"},
	}
	if function.Limits != nil {
		host["Memory"] = bytesOf(function.Limits.Memory)
		host["NanoCpus"] = nanoCPUs(function.Limits.CPU)
	}
	return host
}

func environment(function types.FunctionDeployment) []string {
	variables := []string{}
	if function.EnvProcess != "" {
		variables = append(variables, "fprocess="+function.EnvProcess)
	}
	for name, value := range function.EnvVars {
		variables = append(variables, name+"="+value)
	}
	return variables
}

func specOf(replica container) (types.FunctionDeployment, error) {
	var spec types.FunctionDeployment
	err := json.Unmarshal([]byte(replica.Labels[specLabel]), &spec)
	return spec, err
}

func statusOf(spec types.FunctionDeployment, replica container, ready *endpoints) *types.FunctionStatus {
	return &types.FunctionStatus{
		Name: spec.Service, Image: spec.Image, Namespace: namespace, EnvProcess: spec.EnvProcess,
		EnvVars: spec.EnvVars, Secrets: spec.Secrets, Labels: spec.Labels, Annotations: spec.Annotations,
		Limits: spec.Limits, Requests: spec.Requests, ReadOnlyRootFilesystem: spec.ReadOnlyRootFilesystem,
		AvailableReplicas: uint64(len(ready.of(spec.Service))),
		CreatedAt:         time.Unix(replica.Created, 0).UTC(),
	}
}

func replicaName(function types.FunctionDeployment, number int) string {
	return fmt.Sprintf("fn-%s-%d", function.Service, number)
}

// leastReplicas is the label com.openfaas.scale.min, or 1.
func leastReplicas(function types.FunctionDeployment) int {
	if function.Labels != nil {
		if least, err := strconv.Atoi((*function.Labels)["com.openfaas.scale.min"]); err == nil {
			return max(least, 1)
		}
	}
	return 1
}
