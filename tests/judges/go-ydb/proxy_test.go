package judge

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy is a TCP port that leads to the database until it is cut.
type proxy struct {
	endpoint string
	target   string
	listener net.Listener
	lock     sync.Mutex
	open     []net.Conn
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	target, err := url.Parse(variable(t, "JUDGE_ENDPOINT"))
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	own := &proxy{
		endpoint: "grpc://" + listener.Addr().String(),
		target:   target.Host,
		listener: listener,
	}
	go own.accept()
	t.Cleanup(func() {
		_ = listener.Close()
		own.cut()
	})
	return own
}

// cut ends all connections; new ones are let through.
func (own *proxy) cut() int {
	own.lock.Lock()
	defer own.lock.Unlock()
	for _, connection := range own.open {
		_ = connection.Close()
	}
	count := len(own.open) / 2
	own.open = nil
	return count
}

func (own *proxy) accept() {
	for {
		client, err := own.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", own.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		own.lock.Lock()
		own.open = append(own.open, client, server)
		own.lock.Unlock()
		go carry(client, server)
		go carry(server, client)
	}
}

func carry(source, sink net.Conn) {
	_, _ = io.Copy(sink, source)
	_ = sink.Close()
	_ = source.Close()
}
