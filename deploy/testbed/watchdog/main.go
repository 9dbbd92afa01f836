// Command watchdog stands in for of-watchdog where its sources are missing: HTTP mode only.
//
// What functions and callers notice is that of of-watchdog 0.11.6; tests/platform/test_watchdog.py
// holds both against the same rows.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	limiter "github.com/openfaas/faas-middleware/concurrency-limiter"
)

// own marks the answers that are not the function's.
const own = "X-OpenFaaS-Internal"

// leaving says that SIGTERM has come.
var leaving atomic.Bool

func main() {
	upstream, err := url.Parse(os.Getenv("upstream_url"))
	if err != nil {
		log.Fatalf("upstream_url: %v", err)
	}
	inflight, _ := strconv.Atoi(os.Getenv("max_inflight"))
	calls := limiter.NewConcurrencyLimiter(forward(upstream), inflight)
	server := &http.Server{
		Addr:              ":" + cmp.Or(os.Getenv("port"), "8080"),
		Handler:           routes(upstream, calls),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       duration("read_timeout"),
		WriteTimeout:      duration("write_timeout"),
	}
	function := start(strings.Fields(os.Getenv("fprocess")))
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	leave(server, function)
}

// start runs the function with our output; only an end with an error is ours too.
func start(command []string) *exec.Cmd {
	if len(command) == 0 {
		log.Fatal("fprocess is empty")
	}
	function := exec.Command(command[0], command[1:]...)
	function.Stdout, function.Stderr = os.Stdout, os.Stderr
	if err := function.Start(); err != nil {
		log.Fatalf("fprocess: %v", err)
	}
	go func() {
		if err := function.Wait(); err != nil {
			log.Fatalf("the function ended: %v", err)
		}
	}()
	return function
}

// leave waits for SIGTERM, tells the function at once, and listens on for healthcheck_interval.
func leave(server *http.Server, function *exec.Cmd) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals
	leaving.Store(true)
	_ = function.Process.Signal(syscall.SIGTERM)
	time.Sleep(cmp.Or(duration("healthcheck_interval"), duration("write_timeout")))
	_ = server.Shutdown(context.Background())
}

func routes(upstream *url.URL, calls *limiter.ConcurrencyLimiter) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/_/health", func(w http.ResponseWriter, _ *http.Request) {
		if leaving.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/_/ready", func(w http.ResponseWriter, r *http.Request) {
		path := os.Getenv("ready_path")
		switch {
		case leaving.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case calls.Met():
			w.WriteHeader(http.StatusTooManyRequests)
		case path != "":
			r.URL.Path, r.RequestURI = path, path
			calls.ServeHTTP(w, r)
		}
	})
	mux.Handle("/", calls)
	return mux
}

// forward passes calls on: event streams as they come, everything else within exec_timeout.
func forward(upstream *url.URL) http.Handler {
	streams := httputil.NewSingleHostReverseProxy(upstream)
	streams.FlushInterval = -1
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: 500 * time.Millisecond},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		accepted := strings.ToLower(r.Header.Get("Accept"))
		if strings.Contains(accepted, "text/event-stream") || strings.Contains(accepted, "application/x-ndjson") {
			streams.ServeHTTP(w, r)
			return
		}
		call(w, r, upstream, client)
	})
}

func call(w http.ResponseWriter, r *http.Request, upstream *url.URL, client *http.Client) {
	started := time.Now()
	ctx, cancel := limited(r)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.Method, upstream.String()+r.URL.RequestURI(), r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	request.Header, request.Host = r.Header.Clone(), r.Host
	answer, err := client.Do(request)
	w.Header().Set("X-Duration-Seconds", fmt.Sprintf("%f", time.Since(started).Seconds()))
	if err != nil {
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
		w.Header().Set(own, "of-watchdog")
		w.WriteHeader(map[bool]int{true: http.StatusGatewayTimeout, false: http.StatusInternalServerError}[ctx.Err() != nil])
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, answer.Body); err != nil { // exec_timeout covers the body too
		log.Printf("%s %s is cut: %v", r.Method, r.URL.Path, err)
	}
}

// limited gives the context of a call: exec_timeout, or less where the caller says so.
func limited(r *http.Request) (context.Context, context.CancelFunc) {
	limit := duration("exec_timeout")
	if asked, err := time.ParseDuration(r.Header.Get("X-Timeout")); err == nil && asked <= limit {
		limit = asked
	}
	if limit <= 0 {
		return r.Context(), func() {}
	}
	return context.WithTimeout(r.Context(), limit)
}

// duration reads a variable such as "90s"; 0, which means no limit, if it is not set.
func duration(name string) time.Duration {
	value, err := time.ParseDuration(os.Getenv(name))
	if err != nil {
		return 0
	}
	return value
}
