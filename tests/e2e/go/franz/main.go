// franz-go: github.com/twmb/franz-go.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"anyport.test/asked"
)

const patience = time.Minute

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

var acknowledged = map[string][]kgo.Opt{
	"0":   {kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite()},
	"1":   {kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()},
	"all": {kgo.RequiredAcks(kgo.AllISRAcks())},
}

type client struct{ common []kgo.Opt }

func mechanism(l asked.Login) sasl.Mechanism {
	switch l.Mechanism {
	case "PLAIN":
		return plain.Auth{User: l.User, Pass: l.Password}.AsMechanism()
	case "SCRAM-SHA-256":
		return scram.Auth{User: l.User, Pass: l.Password}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: l.User, Pass: l.Password}.AsSha512Mechanism()
	case "OAUTHBEARER":
		return oauth.Auth{Token: l.Token}.AsMechanism()
	}
	return nil
}

func newClient(bootstrap []string) asked.Client {
	opts := []kgo.Opt{kgo.SeedBrokers(bootstrap...)}
	if config := asked.TLS(); config != nil {
		opts = append(opts, kgo.DialTLSConfig(config))
	}
	if m := mechanism(asked.LoginOf()); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return client{opts}
}

func (c client) open(more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(append([]kgo.Opt{}, c.common...), more...)...)
}

func (c client) Produce(topic string, count int, prefix, acks, compression string) error {
	cl, err := c.open(append(acknowledged[acks], kgo.ProducerBatchCompression(codecs[compression]),
		kgo.ProducerLinger(5*time.Millisecond))...)
	if err != nil {
		return err
	}
	defer cl.Close()
	var first error // of the callbacks, which come one after the other
	for i := 0; i < count; i++ {
		record := &kgo.Record{Topic: topic, Key: []byte(fmt.Sprint(prefix, i)), Value: asked.Value}
		cl.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
			if err != nil && first == nil {
				first = err
			}
		})
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := cl.Flush(ctx); err != nil {
		return err
	}
	return first
}

func (c client) Consume(topic, group string, out *asked.Records) error {
	cl, err := c.open(kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithDeadline(context.Background(), out.Ends)
	defer cancel()
	for done := false; !done; {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			break
		}
		for _, failed := range fetches.Errors() {
			return failed.Err
		}
		fetches.EachRecord(func(r *kgo.Record) { out.Add(r.Partition, r.Offset, r.Key) })
		select {
		case <-out.All():
			done = true
		default:
		}
	}
	if err := cl.CommitUncommittedOffsets(context.Background()); err != nil {
		return err
	}
	cl.LeaveGroup()
	return nil
}

func (c client) Topics() ([]string, error) {
	cl, err := c.open()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, cl)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, topic := range answer.Topics {
		if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
			return nil, err
		}
		names = append(names, *topic.Topic)
	}
	return names, nil
}

func (c client) Load(topic, prefix string, pause time.Duration, stop <-chan struct{}, t *asked.Tally) error {
	cl, err := c.open(kgo.ProducerLinger(5 * time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ; ; t.Sent++ {
		select {
		case <-tick.C:
			record := &kgo.Record{Topic: topic, Key: []byte(fmt.Sprint(prefix, t.Sent)), Value: asked.Value}
			cl.Produce(context.Background(), record, func(_ *kgo.Record, err error) { t.Done(err) })
			continue
		case <-stop:
		}
		break
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := cl.Flush(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func main() { asked.Main(newClient) }
