// grpc-js with OpenTelemetry's own instrumentation, in a process of its own, since that patches the module. With CHAT_URL
// it calls the server there, Say and then Chat with two messages, and ends. Without, it is a server that prints its
// port, echoes, and ends at SIGTERM. Each span is printed as a line of JSON when it has ended.
import { createRequire } from "node:module";
import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { GrpcInstrumentation } from "@opentelemetry/instrumentation-grpc";
import { TracerProvider } from "@opentelemetry/sdk-trace";

const printer = {
  onStart() {},
  onEnd(span) {
    const { traceId, spanId } = span.spanContext();
    const kind = SpanKind[span.kind].toLowerCase();
    print({ kind, name: span.name, traceId, spanId, parentSpanId: span.parentSpanContext?.spanId });
  },
  async forceFlush() {},
  async shutdown() {},
};
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [printer] }));
new GrpcInstrumentation().enable();
const grpc = createRequire(import.meta.url)("@grpc/grpc-js");

/** Messages are passed on as bytes. */
const bytes = (message) => message;
const method = (name, stream) => ({
  path: `/chat.v1.ChatService/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});
const service = { Say: method("Say", false), Chat: method("Chat", true) };

const { CHAT_URL } = process.env;
if (CHAT_URL === undefined) serve();
else call(new URL(CHAT_URL).host);

async function call(address) {
  const Client = grpc.makeGenericClientConstructor(service, "ChatService");
  const client = new Client(address, grpc.credentials.createInsecure());
  await new Promise((resolve) => client.Say(Buffer.alloc(0), resolve));
  const stream = client.Chat();
  let answers = 0;
  stream.on("data", () => {
    if (++answers === 2) stream.end();
  });
  stream.on("status", () => client.close());
  stream.write(Buffer.alloc(0));
  stream.write(Buffer.alloc(0));
}

function serve() {
  const server = new grpc.Server();
  server.addService(service, {
    Say(call, answer) {
      trace.getTracer("peer").startSpan("work").end();
      answer(null, call.request);
    },
    Chat(stream) {
      stream.on("data", (message) => stream.write(message));
      stream.on("end", () => stream.end());
    },
  });
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_error, port) => print({ port }));
  process.once("SIGTERM", () => server.tryShutdown(() => {}));
}

function print(line) {
  console.log(JSON.stringify(line));
}
