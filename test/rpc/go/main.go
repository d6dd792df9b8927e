// Calls a server of ours with the Go implementation of gRPC and prints what came of it as one line of JSON.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"os"
	"time"

	agentv1 "github.com/spiffe/spire-api-sdk/proto/spire/api/server/agent/v1"
	"github.com/spiffe/spire-api-sdk/proto/spire/api/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

type outcome struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Answers []string `json:"answers"`
	Denied  string   `json:"denied"`
}

func main() {
	target := flag.String("target", "", "")
	secure := flag.Bool("tls", false, "")
	version := flag.String("version", "1.3", "")
	certificate := flag.String("cert", "", "")
	key := flag.String("key", "", "")
	method := flag.String("method", "check", "")
	compress := flag.Bool("gzip", false, "")
	size := flag.Int("size", 0, "")
	flag.Parse()

	transport := insecure.NewCredentials()
	if *secure {
		config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13}
		if *version == "1.2" {
			config.MaxVersion = tls.VersionTLS12
		}
		if *certificate != "" {
			pair, err := tls.LoadX509KeyPair(*certificate, *key)
			if err != nil {
				panic(err)
			}
			config.Certificates = []tls.Certificate{pair}
		}
		transport = credentials.NewTLS(config)
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(transport)}
	if *compress {
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	conn, err := grpc.NewClient(*target, options...)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	out := outcome{Answers: []string{}}
	switch *method {
	case "check":
		var answer *grpc_health_v1.HealthCheckResponse
		service := string(make([]byte, *size))
		answer, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
		if err == nil {
			out.Answers = append(out.Answers, answer.Status.String())
		}
	case "attest":
		err = attest(ctx, agentv1.NewAgentClient(conn), &out)
	case "post":
		_, err = agentv1.NewAgentClient(conn).PostStatus(ctx, &agentv1.PostStatusRequest{})
	}
	result := status.Convert(err)
	out.Code, out.Message = result.Code().String(), result.Message()
	for _, detail := range result.Details() {
		if denied, ok := detail.(*types.PermissionDeniedDetails); ok {
			out.Denied = denied.Reason.String()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}

// Answers two challenges, then expects a result and the end of the stream.
func attest(ctx context.Context, client agentv1.AgentClient, out *outcome) error {
	stream, err := client.AttestAgent(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(&agentv1.AttestAgentRequest{}); err != nil {
		return err
	}
	for {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if answer.GetResult() != nil {
			out.Answers = append(out.Answers, "result")
			_, err := stream.Recv()
			if err.Error() == "EOF" {
				return nil
			}
			return err
		}
		out.Answers = append(out.Answers, string(answer.GetChallenge()))
		response := &agentv1.AttestAgentRequest_ChallengeResponse{ChallengeResponse: answer.GetChallenge()}
		if err := stream.Send(&agentv1.AttestAgentRequest{Step: response}); err != nil {
			return err
		}
	}
}
