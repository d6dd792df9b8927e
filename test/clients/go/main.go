// A workload as others write it: gets its SVIDs and bundles with the official library, checks them with
// it, and prints one JSON line for each state it is told of. It ends after as many as asked for.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc/status"
)

type svid struct {
	ID     string `json:"id"`
	Hint   string `json:"hint"`
	Serial string `json:"serial"`
}

type state struct {
	SVIDs   []svid   `json:"svids"`
	Bundles []string `json:"bundles"`
}

type watcher struct {
	left int
	done func()
}

func (w *watcher) OnX509ContextUpdate(update *workloadapi.X509Context) {
	var told state
	for _, s := range update.SVIDs {
		// the chain as a peer would see it, against the bundles that came with it
		id, _, err := x509svid.Verify(s.Certificates, update.Bundles)
		if err != nil {
			fail(fmt.Errorf("verify: %w", err))
		}
		if id != s.ID {
			fail(fmt.Errorf("the chain is of %s, not of %s", id, s.ID))
		}
		serial := s.Certificates[0].SerialNumber.Text(16)
		told.SVIDs = append(told.SVIDs, svid{s.ID.String(), s.Hint, serial})
	}
	for _, bundle := range update.Bundles.Bundles() {
		told.Bundles = append(told.Bundles, bundle.TrustDomain().Name())
	}
	print(told)
	w.left--
	if w.left == 0 {
		w.done()
	}
}

func (w *watcher) OnX509ContextWatchError(err error) {
	if w.left > 0 {
		fail(err)
	}
}

func print(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

func fail(err error) {
	print(map[string]string{"code": status.Code(err).String(), "error": err.Error()})
	os.Exit(1)
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: %s watch|fetch|bundles SOCKET COUNT", os.Args[0]))
	}
	count, err := strconv.Atoi(os.Args[3])
	if err != nil {
		fail(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err := workloadapi.New(ctx, workloadapi.WithAddr("unix://"+os.Args[2]))
	if err != nil {
		fail(err)
	}
	defer client.Close()

	switch os.Args[1] {
	case "watch":
		ctx, stop := context.WithCancel(ctx)
		w := &watcher{left: count, done: stop}
		if err := client.WatchX509Context(ctx, w); err != nil && w.left > 0 {
			fail(err)
		}
	case "fetch":
		update, err := client.FetchX509Context(ctx)
		if err != nil {
			fail(err)
		}
		(&watcher{left: count, done: func() {}}).OnX509ContextUpdate(update)
	case "bundles":
		set, err := client.FetchX509Bundles(ctx)
		if err != nil {
			fail(err)
		}
		var told state
		for _, bundle := range set.Bundles() {
			told.Bundles = append(told.Bundles, bundle.TrustDomain().Name())
		}
		print(told)
	}
}
