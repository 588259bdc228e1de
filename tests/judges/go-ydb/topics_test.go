package judge

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/ydb-platform/ydb-go-sdk/v3"
	"github.com/ydb-platform/ydb-go-sdk/v3/topic/topicoptions"
	"github.com/ydb-platform/ydb-go-sdk/v3/topic/topicreader"
	"github.com/ydb-platform/ydb-go-sdk/v3/topic/topictypes"
	"github.com/ydb-platform/ydb-go-sdk/v3/topic/topicwriter"
)

const consumer = "first"

func newTopic(ctx context.Context, t *testing.T, db *ydb.Driver, partitions int64) string {
	t.Helper()
	own := path.Join(db.Name(), ownName(t))
	must(t, db.Topic().Create(ctx, own,
		topicoptions.CreateWithMinActivePartitions(partitions),
		topicoptions.CreateWithConsumer(topictypes.Consumer{Name: consumer}),
	))
	return own
}

// write sends texts and waits until they are acknowledged.
func write(ctx context.Context, t *testing.T, db *ydb.Driver, own string, option topicoptions.WriterOption, texts ...string) {
	t.Helper()
	writer, err := db.Topic().StartWriter(own, topicoptions.WithWriterWaitServerAck(true), option)
	must(t, err)
	messages := make([]topicwriter.Message, 0, len(texts))
	for _, text := range texts {
		messages = append(messages, topicwriter.Message{Data: strings.NewReader(text)})
	}
	must(t, writer.Write(ctx, messages...))
	must(t, writer.Close(ctx))
}

func newReader(t *testing.T, db *ydb.Driver, own string) *topicreader.Reader {
	t.Helper()
	reader, err := db.Topic().StartReader(consumer, topicoptions.ReadTopic(own),
		topicoptions.WithReaderCommitMode(topicoptions.CommitModeSync))
	must(t, err)
	return reader
}

// read takes a message and commits it.
func read(ctx context.Context, reader *topicreader.Reader) (string, int64, error) {
	message, err := reader.ReadMessage(ctx)
	if err != nil {
		return "", 0, err
	}
	text := make([]byte, 1024)
	length, _ := message.Read(text)
	return string(text[:length]), message.PartitionID(), reader.Commit(ctx, message)
}

func TestTopicIsDescribed(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := newTopic(ctx, t, db, 3)
	must(t, db.Topic().Alter(ctx, own,
		topicoptions.AlterWithAddConsumers(topictypes.Consumer{Name: "second"}),
		topicoptions.AlterWithRetentionPeriod(2*time.Hour),
	))
	found, err := db.Topic().Describe(ctx, own)
	must(t, err)
	equal(t, len(found.Partitions), 3)
	equal(t, len(found.Consumers), 2)
	equal(t, found.RetentionPeriod, 2*time.Hour)
	must(t, db.Topic().Drop(ctx, own))
	_, err = db.Topic().Describe(ctx, own)
	equal(t, ydb.IsOperationErrorSchemeError(err), true)
}

func TestReadingGoesOnBehindWhatWasCommitted(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := newTopic(ctx, t, db, 1)
	write(ctx, t, db, own, topicoptions.WithWriterProducerID("pen"), "m0", "m1", "m2", "m3")
	for round := range 2 {
		reader := newReader(t, db, own)
		for number := range 2 {
			text, _, err := read(ctx, reader)
			must(t, err)
			equal(t, text, fmt.Sprintf("m%d", round*2+number))
		}
		must(t, reader.Close(ctx))
	}
}

func TestProducerStaysInItsPartition(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := newTopic(ctx, t, db, 4)
	producers := []string{"ann", "bob", "cat", "dan", "eve"}
	for round := range 2 {
		for _, producer := range producers {
			write(ctx, t, db, own, topicoptions.WithWriterProducerID(producer), fmt.Sprintf("%s %d", producer, round))
		}
	}
	reader := newReader(t, db, own)
	partitions, last := map[string]int64{}, map[string]string{}
	for range 2 * len(producers) {
		text, partition, err := read(ctx, reader)
		must(t, err)
		producer, round, _ := strings.Cut(text, " ")
		if before, known := partitions[producer]; known {
			equal(t, partition, before)
			equal(t, last[producer] < round, true)
		}
		partitions[producer], last[producer] = partition, round
	}
	equal(t, len(partitions), len(producers))
	must(t, reader.Close(ctx))
}

// TestOnePartitionGoesToOneReader: the second reader gets nothing before the
// first one leaves, and goes on where that one committed.
func TestOnePartitionGoesToOneReader(t *testing.T) {
	ctx := patient(t)
	db := database(ctx, t)
	own := newTopic(ctx, t, db, 1)
	write(ctx, t, db, own, topicoptions.WithWriterPartitionID(0), "m0", "m1")
	first := newReader(t, db, own)
	text, _, err := read(ctx, first)
	must(t, err)
	equal(t, text, "m0")
	second := newReader(t, db, own)
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	_, _, err = read(short, second)
	cancel()
	equal(t, errors.Is(err, context.DeadlineExceeded), true)
	must(t, first.Close(ctx))
	text, _, err = read(ctx, second)
	must(t, err)
	equal(t, text, "m1")
	must(t, second.Close(ctx))
}

// TestReadersSharePartitions: both get some of four partitions, and whoever is
// left gets all.
func TestReadersSharePartitions(t *testing.T) {
	const partitions = 4
	ctx := patient(t)
	db := database(ctx, t)
	own := newTopic(ctx, t, db, partitions)
	readers := []*topicreader.Reader{newReader(t, db, own), newReader(t, db, own)}
	type received struct {
		reader    int
		text      string
		partition int64
	}
	all := make(chan received)
	var stops [2]func()
	for number, reader := range readers {
		reading, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		// A reader serves one caller at a time, its Close too.
		stops[number] = func() {
			cancel()
			<-ended
			must(t, reader.Close(ctx))
		}
		go func() {
			defer close(ended)
			for {
				text, partition, err := read(reading, reader)
				if err != nil {
					return
				}
				select {
				case all <- received{number, text, partition}:
				case <-reading.Done():
					return
				}
			}
		}()
	}
	round := 0
	// sent writes to every partition and says who got what.
	sent := func() map[int64]int {
		round++
		for partition := range int64(partitions) {
			write(ctx, t, db, own, topicoptions.WithWriterPartitionID(partition), fmt.Sprintf("round %d to %d", round, partition))
		}
		owners := map[int64]int{}
		for len(owners) < partitions {
			select {
			case one := <-all:
				// A message that could not be committed comes again elsewhere.
				if strings.HasPrefix(one.text, fmt.Sprintf("round %d ", round)) {
					owners[one.partition] = one.reader
				}
			case <-ctx.Done():
				t.Fatalf("round %d: only %v came", round, owners)
			}
		}
		return owners
	}
	shared := func() bool {
		counts := map[int]int{}
		for _, reader := range sent() {
			counts[reader]++
		}
		return counts[0] == partitions/2 && counts[1] == partitions/2
	}
	for !shared() {
		must(t, ctx.Err())
	}
	stops[0]()
	for _, reader := range sent() {
		equal(t, reader, 1)
	}
	stops[1]()
}

func TestWriterAndReaderReconnect(t *testing.T) {
	ctx := patient(t)
	own := newProxy(t)
	db := open(ctx, t, own.endpoint)
	name := newTopic(ctx, t, db, 1)
	writer, err := db.Topic().StartWriter(name, topicoptions.WithWriterProducerID("pen"))
	must(t, err)
	reader := newReader(t, db, name)
	last := ""
	const count = 30
	for number := range count {
		must(t, writer.Write(ctx, topicwriter.Message{Data: strings.NewReader(fmt.Sprintf("m%02d", number))}))
		if number%10 == 5 {
			must(t, writer.Flush(ctx))
			if own.cut() == 0 {
				t.Fatal("nothing was connected")
			}
		}
	}
	must(t, writer.Flush(ctx))
	for last != fmt.Sprintf("m%02d", count-1) {
		text, _, err := read(ctx, reader)
		// What was read before a break can't be committed behind it.
		if err != nil && ctx.Err() != nil {
			t.Fatalf("behind %q: %v", last, err)
		}
		if text > last {
			last = text
		}
	}
	must(t, writer.Close(ctx))
	must(t, reader.Close(ctx))
}
