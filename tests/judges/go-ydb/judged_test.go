// Package judge uses an emulated YDB through YDB's own Go SDK, as programs do.
package judge

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ydb-platform/ydb-go-sdk/v3"
)

// patience is longer than anything takes here.
const patience = 15 * time.Second

func variable(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run this with `cargo test -p wschat-tests --test judges -- go`", name)
	}
	return value
}

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// open connects to the judged database, at its own endpoint or another one.
func open(ctx context.Context, t *testing.T, endpoint string, options ...ydb.Option) *ydb.Driver {
	t.Helper()
	source := endpoint + variable(t, "JUDGE_DATABASE")
	options = append(options, ydb.WithAccessTokenCredentials(variable(t, "JUDGE_TOKEN")))
	driver, err := ydb.Open(ctx, source, options...)
	must(t, err)
	t.Cleanup(func() { _ = driver.Close(context.Background()) })
	return driver
}

func database(ctx context.Context, t *testing.T) *ydb.Driver {
	t.Helper()
	return open(ctx, t, variable(t, "JUDGE_ENDPOINT"))
}

// ownName is a name that no other scenario uses.
func ownName(t *testing.T) string {
	t.Helper()
	random := make([]byte, 4)
	_, err := rand.Read(random)
	must(t, err)
	return strings.ReplaceAll(t.Name(), "/", "_") + "_" + hex.EncodeToString(random)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, found, expected T) {
	t.Helper()
	if found != expected {
		t.Fatalf("found %v, expected %v", found, expected)
	}
}
