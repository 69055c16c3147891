// Package asked is what the test wants of a client: words on the command line, who logs in and how in the environment.
//
//	PROGRAM BOOTSTRAP produce TOPIC COUNT PREFIX ACKS COMPRESSION [PREFIX ACKS COMPRESSION ...]
//	PROGRAM BOOTSTRAP consume TOPIC GROUP COUNT OUT LIMIT PROTOCOL
//	PROGRAM BOOTSTRAP along TOPIC GROUP OUT               the same until it is killed
//	PROGRAM BOOTSTRAP topics OUT
//	PROGRAM BOOTSTRAP load TOPIC PREFIX PAUSE_US OUT      until the end of its input; tells how it went as Java does
//
// $CLIENT_LOGIN is MECHANISM USER PASSWORD TOKEN; $CLIENT_TLS is JSON with ca, and cert and key where it has them.
package asked

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Value is what each record has.
var Value = []byte(strings.Repeat("v", 100))

// Login says who the client is; no Mechanism: it does not say.
type Login struct{ Mechanism, User, Password, Token string }

// Client is one library.
type Client interface {
	// Produce returns when count records are acknowledged.
	Produce(topic string, count int, prefix, acks, compression string) error
	// Consume reads as a group and commits what it has read.
	Consume(topic, group string, out *Records) error
	// Topics lists them as an administrator does.
	Topics() ([]string, error)
	// Load produces records, one after each pause, until stop is closed.
	Load(topic, prefix string, pause time.Duration, stop <-chan struct{}, t *Tally) error
}

// LoginOf reads the environment.
func LoginOf() Login {
	var l Login
	words := append(strings.Fields(os.Getenv("CLIENT_LOGIN")), "", "", "", "")
	l.Mechanism, l.User, l.Password, l.Token = words[0], words[1], words[2], words[3]
	return l
}

// TLS is nil where the client speaks none.
func TLS() *tls.Config {
	text := os.Getenv("CLIENT_TLS")
	if text == "" {
		return nil
	}
	var files struct{ CA, Cert, Key string }
	check(json.Unmarshal([]byte(text), &files))
	authority, err := os.ReadFile(files.CA)
	check(err)
	config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	config.RootCAs.AppendCertsFromPEM(authority)
	if files.Cert != "" {
		pair, err := tls.LoadX509KeyPair(files.Cert, files.Key)
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	return config
}

// Records are written as they are read, until all have come or time is over.
type Records struct {
	Ends time.Time

	mutex sync.Mutex
	file  *os.File
	left  int
	all   chan struct{}
}

// All is closed when all have come.
func (r *Records) All() <-chan struct{} { return r.all }

// Add is one that was read.
func (r *Records) Add(partition int32, offset int64, key []byte) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	fmt.Fprintf(r.file, "%d %d %s\n", partition, offset, key)
	r.left--
	if r.left == 0 {
		close(r.all)
	}
}

// Tally counts what a load has sent.
type Tally struct {
	mutex        sync.Mutex
	Sent         int64
	acknowledged int64
	errors       map[string]int64
}

// Done is a record that was acknowledged, or has failed.
func (t *Tally) Done(err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err == nil {
		t.acknowledged++
		return
	}
	t.errors[err.Error()]++
}

func (t *Tally) String() string {
	failed := int64(0)
	for _, n := range t.errors {
		failed += n
	}
	return fmt.Sprintf("sent=%d acknowledged=%d failed=%d errors=%v", t.Sent, t.acknowledged, failed, t.errors)
}

// Main does what the command line says.
func Main(make func(bootstrap []string) Client) {
	client := make(strings.Split(os.Args[1], ","))
	words := os.Args[3:]
	switch os.Args[2] {
	case "produce":
		for runs := words[2:]; len(runs) > 0; runs = runs[3:] {
			check(client.Produce(words[0], number(words[1]), runs[0], runs[1], runs[2]))
		}
	case "consume":
		check(consume(client, words[0], words[1], words[3], number(words[2]), time.Duration(number(words[4]))*time.Second))
	case "along":
		check(consume(client, words[0], words[1], words[2], math.MaxInt32, 24*time.Hour))
	case "topics":
		names, err := client.Topics()
		check(err)
		check(os.WriteFile(words[0], []byte(strings.Join(names, "\n")+"\n"), 0o600))
	case "load":
		check(load(client, words))
	default:
		check(fmt.Errorf("no verb %q", os.Args[2]))
	}
}

func consume(client Client, topic, group, out string, count int, limit time.Duration) error {
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	records := &Records{Ends: time.Now().Add(limit), file: file, left: count, all: make(chan struct{})}
	err = client.Consume(topic, group, records)
	check(file.Close())
	return err
}

func load(client Client, words []string) error {
	stop := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString(0)
		close(stop)
	}()
	tally := &Tally{errors: map[string]int64{}}
	pause := time.Duration(number(words[2])) * time.Microsecond
	if err := client.Load(words[0], words[1], pause, stop, tally); err != nil {
		return err
	}
	return os.WriteFile(words[3], []byte(tally.String()), 0o600)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
