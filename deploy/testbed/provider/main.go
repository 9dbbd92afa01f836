// Command provider lets the real OpenFaaS gateway run functions as containers of one Docker daemon.
//
// It is built on OpenFaaS's own provider SDK: routes, authentication, the invocation proxy and the
// log stream are theirs; here is only what differs between orchestrators. The testbed uses it in
// place of faasd, because it also runs several replicas of a function on one machine.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	bootstrap "github.com/openfaas/faas-provider"
	"github.com/openfaas/faas-provider/logs"
	"github.com/openfaas/faas-provider/proxy"
	"github.com/openfaas/faas-provider/types"
)

// namespace is the only one there is.
const namespace = "openfaas-fn"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	engine := newEngine(setting("docker_socket"), setting("network"))
	secrets := secretStore{folder: setting("secrets_folder")}
	fleet := &fleet{engine: engine, secrets: secrets}
	endpoints := &endpoints{engine: engine}
	go endpoints.watch(ctx)

	port, err := strconv.Atoi(setting("port"))
	if err != nil {
		log.Fatalf("port is not a number: %v", err)
	}
	longest, err := time.ParseDuration(setting("longest_call"))
	if err != nil {
		log.Fatalf("longest_call is not a duration: %v", err)
	}
	config := types.FaaSConfig{
		TCPPort:         &port,
		ReadTimeout:     longest,
		WriteTimeout:    longest,
		EnableBasicAuth: true,
		SecretMountPath: setting("secret_mount_path"),
	}
	bootstrap.Serve(ctx, &types.FaaSHandlers{
		FunctionProxy:  proxy.NewHandlerFunc(config, endpoints, false),
		FunctionLister: answer(func(*http.Request) (any, error) { return fleet.list(endpoints) }),
		DeployFunction: accept(fleet.deploy),
		UpdateFunction: accept(fleet.deploy),
		DeleteFunction: accept(fleet.remove),
		FunctionStatus: answer(func(r *http.Request) (any, error) { return fleet.status(endpoints, r) }),
		ScaleFunction:  accept(fleet.scale),
		Secrets:        secrets.serve,
		Logs:           logs.NewLogHandlerFunc(&logReader{engine: engine}, longest),
		ListNamespaces: answer(func(*http.Request) (any, error) { return []string{namespace}, nil }),
		Health:         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		Info:           answer(info),
	}, &config)
}

func info(*http.Request) (any, error) {
	return types.ProviderInfo{
		Name:          "mlaas4hep-testbed",
		Orchestration: "docker",
		Version:       &types.VersionInfo{Release: "1"},
	}, nil
}

func setting(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("the environment variable %s is empty", name)
	}
	return value
}

// answer turns a question into a handler that writes JSON.
func answer(question func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, err := question(r)
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(found); err != nil {
			log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
		}
	}
}

// accept turns a command with a JSON body into a handler that answers 202.
func accept[T any](command func(context.Context, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := command(context.WithoutCancel(r.Context()), body); err != nil {
			refuse(w, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if _, missing := err.(notFound); missing {
		status = http.StatusNotFound
	}
	log.Printf("%d: %v", status, err)
	http.Error(w, err.Error(), status)
}
