// sarama: github.com/IBM/sarama.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"

	"anyport.test/asked"
)

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

var acknowledged = map[string]sarama.RequiredAcks{
	"0": sarama.NoResponse, "1": sarama.WaitForLocal, "all": sarama.WaitForAll,
}

// sarama leaves SCRAM to its users.
type conversation struct {
	hash scram.HashGeneratorFcn
	*scram.ClientConversation
}

func (c *conversation) Begin(user, password, authorization string) error {
	client, err := c.hash.NewClient(user, password, authorization)
	if err == nil {
		c.ClientConversation = client.NewConversation()
	}
	return err
}

type token string

func (t token) Token() (*sarama.AccessToken, error) {
	return &sarama.AccessToken{Token: string(t)}, nil
}

type client struct{ bootstrap []string }

func newClient(bootstrap []string) asked.Client { return client{bootstrap} }

func (client) config() *sarama.Config {
	config, login := sarama.NewConfig(), asked.LoginOf()
	config.Version = sarama.MaxVersion
	config.Net.TLS.Config = asked.TLS()
	config.Net.TLS.Enable = config.Net.TLS.Config != nil
	config.Net.SASL.Enable = login.Mechanism != ""
	if !config.Net.SASL.Enable {
		return config
	}
	config.Net.SASL.Mechanism = sarama.SASLMechanism(login.Mechanism)
	config.Net.SASL.User, config.Net.SASL.Password = login.User, login.Password
	config.Net.SASL.TokenProvider = token(login.Token)
	config.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient {
		if login.Mechanism == sarama.SASLTypeSCRAMSHA256 {
			return &conversation{hash: sha256.New}
		}
		return &conversation{hash: sha512.New}
	}
	return config
}

func (c client) Produce(topic string, count int, prefix, acks, compression string) error {
	config := c.config()
	config.Producer.RequiredAcks, config.Producer.Compression = acknowledged[acks], codecs[compression]
	config.Producer.Return.Successes = true
	config.Producer.Flush.Frequency = 5 * time.Millisecond
	if acks == "all" {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	producer, err := sarama.NewAsyncProducer(c.bootstrap, config)
	if err != nil {
		return err
	}
	go func() {
		for i := 0; i < count; i++ {
			producer.Input() <- &sarama.ProducerMessage{
				Topic: topic, Key: sarama.StringEncoder(fmt.Sprint(prefix, i)), Value: sarama.ByteEncoder(asked.Value),
			}
		}
	}()
	for i := 0; i < count; i++ {
		select {
		case <-producer.Successes():
		case failed := <-producer.Errors():
			return failed
		}
	}
	return producer.Close()
}

// A member of the group.
type member struct{ out *asked.Records }

func (member) Setup(sarama.ConsumerGroupSession) error { return nil }

func (member) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	return nil
}

func (m member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		session.MarkMessage(message, "")
		m.out.Add(message.Partition, message.Offset, message.Key)
	}
	return nil
}

func (c client) Consume(topic, name string, out *asked.Records) error {
	config := c.config()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Return.Errors = true
	group, err := sarama.NewConsumerGroup(c.bootstrap, name, config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), out.Ends)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		for err := range group.Errors() {
			select {
			case failed <- err:
			default:
			}
		}
	}()
	go func() {
		<-out.All()
		cancel()
	}()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{topic}, member{out}); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	select {
	case err := <-failed:
		return err
	default:
	}
	return group.Close()
}

func (c client) Topics() ([]string, error) {
	admin, err := sarama.NewClusterAdmin(c.bootstrap, c.config())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	topics, err := admin.ListTopics()
	if err != nil {
		return nil, err
	}
	names := []string{}
	for name := range topics {
		names = append(names, name)
	}
	return names, nil
}

func (c client) Load(topic, prefix string, pause time.Duration, stop <-chan struct{}, t *asked.Tally) error {
	config := c.config()
	config.Producer.RequiredAcks, config.Producer.Return.Successes = sarama.WaitForAll, true
	config.Producer.Idempotent, config.Net.MaxOpenRequests = true, 1
	config.Producer.Retry.Max = 100
	producer, err := sarama.NewAsyncProducer(c.bootstrap, config)
	if err != nil {
		return err
	}
	ended := make(chan struct{}, 2)
	go func() {
		for range producer.Successes() {
			t.Done(nil)
		}
		ended <- struct{}{}
	}()
	go func() {
		for failed := range producer.Errors() {
			t.Done(failed.Err)
		}
		ended <- struct{}{}
	}()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ; ; t.Sent++ {
		select {
		case <-tick.C:
			producer.Input() <- &sarama.ProducerMessage{
				Topic: topic, Key: sarama.StringEncoder(fmt.Sprint(prefix, t.Sent)), Value: sarama.ByteEncoder(asked.Value),
			}
			continue
		case <-stop:
		}
		break
	}
	producer.AsyncClose()
	<-ended
	<-ended
	return nil
}

func main() { asked.Main(newClient) }
