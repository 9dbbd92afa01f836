// Command watchdog stands in for of-watchdog in the testbed: HTTP mode only, the same variables.
//
// Released of-watchdog images cannot be pulled without a registry. What functions notice of it is
// kept: /_/health and /_/ready, 429 above max_inflight, 504 after exec_timeout, bodies passed on in
// chunks, SIGTERM to the function, and an end of the container when the function ends.
package main

import (
	"cmp"
	"errors"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	limiter "github.com/openfaas/faas-middleware/concurrency-limiter"
)

func main() {
	upstream, err := url.Parse(os.Getenv("upstream_url"))
	if err != nil {
		log.Fatalf("upstream_url: %v", err)
	}
	function := start(strings.Fields(os.Getenv("fprocess")))
	inflight, _ := strconv.Atoi(os.Getenv("max_inflight"))
	server := &http.Server{
		Addr:              ":" + cmp.Or(os.Getenv("port"), "8080"),
		Handler:           routes(upstream, limiter.NewConcurrencyLimiter(forward(upstream), inflight)),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       duration("read_timeout"),
		WriteTimeout:      duration("write_timeout"),
	}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	os.Exit(wait(function))
}

// start runs the function with our output, and passes SIGTERM on to it.
func start(command []string) *exec.Cmd {
	if len(command) == 0 {
		log.Fatal("fprocess is empty")
	}
	function := exec.Command(command[0], command[1:]...)
	function.Stdout, function.Stderr = os.Stdout, os.Stderr
	if err := function.Start(); err != nil {
		log.Fatalf("fprocess: %v", err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for got := range signals {
			_ = function.Process.Signal(got)
		}
	}()
	return function
}

// wait gives the exit code of the function, never 0 unless it was asked to end.
func wait(function *exec.Cmd) int {
	if err := function.Wait(); err != nil {
		log.Printf("the function ended: %v", err)
		return 1
	}
	return 0
}

func routes(upstream *url.URL, functionCalls http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/_/health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/_/ready", func(w http.ResponseWriter, r *http.Request) {
		if path := os.Getenv("ready_path"); path != "" {
			r.URL.Path = path
			httputil.NewSingleHostReverseProxy(upstream).ServeHTTP(w, r)
		}
	})
	mux.Handle("/", functionCalls)
	return mux
}

// forward passes calls on; a call that takes longer than exec_timeout is answered 504.
func forward(upstream *url.URL) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Host = r.In.Host
			r.Out.ContentLength = -1 // of-watchdog sends every body in chunks
			if r.In.ContentLength == 0 {
				r.Out.ContentLength = 0
			}
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
		},
		FlushInterval: -1,
		Transport:     &http.Transport{ResponseHeaderTimeout: duration("exec_timeout"), MaxIdleConnsPerHost: 100},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
			if strings.Contains(err.Error(), "timeout awaiting response headers") {
				w.WriteHeader(http.StatusGatewayTimeout)
				return
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	return proxy
}

// duration reads a variable such as "90s"; 0, which means no limit, if it is not set.
func duration(name string) time.Duration {
	value, err := time.ParseDuration(os.Getenv(name))
	if err != nil {
		return 0
	}
	return value
}
