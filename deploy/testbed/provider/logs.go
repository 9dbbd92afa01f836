package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/openfaas/faas-provider/logs"
)

// logReader gives what the replicas of a function print.
type logReader struct{ engine *engine }

// Query streams the lines of all replicas; the channel closes when there are no more.
func (l *logReader) Query(ctx context.Context, r logs.Request) (<-chan logs.Message, error) {
	found, err := l.engine.replicas(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	messages := make(chan logs.Message)
	var readers sync.WaitGroup
	for _, replica := range found {
		readers.Go(func() {
			if err := l.read(ctx, r, replica, messages); err != nil && ctx.Err() == nil {
				log.Printf("logs of %s: %v", r.Name, err)
			}
		})
	}
	go func() { readers.Wait(); close(messages) }()
	return messages, nil
}

func (l *logReader) read(ctx context.Context, r logs.Request, replica container, messages chan<- logs.Message) error {
	query := fmt.Sprintf("?stdout=1&stderr=1&timestamps=1&follow=%t", r.Follow)
	if r.Tail > 0 {
		query += fmt.Sprintf("&tail=%d", r.Tail)
	}
	if r.Since != nil {
		query += fmt.Sprintf("&since=%d", r.Since.Unix())
	}
	response, err := l.engine.send(ctx, http.MethodGet, "/containers/"+replica.ID+"/logs"+query, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	pipe, text := io.Pipe()
	go func() { text.CloseWithError(unframe(text, response.Body)) }()
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		when, line, _ := strings.Cut(lines.Text(), " ")
		stamp, _ := time.Parse(time.RFC3339Nano, when)
		message := logs.Message{
			Name: r.Name, Namespace: namespace, Timestamp: stamp, Text: line,
			Instance: strings.TrimPrefix(replica.Names[0], "/"),
		}
		select {
		case messages <- message:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// unframe takes the headers out of Docker's stream: 4 bytes which output, 4 bytes how long.
func unframe(text io.Writer, stream io.Reader) error {
	var header [8]byte
	for {
		if _, err := io.ReadFull(stream, header[:]); err != nil {
			return err
		}
		if _, err := io.CopyN(text, stream, int64(binary.BigEndian.Uint32(header[4:]))); err != nil {
			return err
		}
	}
}
