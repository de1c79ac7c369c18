// The client under test: reads the calls to make from standard input, makes up to eight at a time, and reports how each
// went on standard output.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import * as compat from "./gen/connectrpc/conformance/v1/client_compat_pb.js";
import {
  Codec,
  Compression,
  HTTPVersion,
  Protocol,
  StreamType,
} from "./gen/connectrpc/conformance/v1/config_pb.js";
import { ConformancePayloadSchema, ConformanceService } from "./gen/connectrpc/conformance/v1/service_pb.js";
import { interceptors, report } from "./observed.mjs";
import {
  addHeaders,
  errorToReport,
  headersOf,
  readMessages,
  registry,
  wait,
  writeMessage,
} from "./protocol.mjs";

process.once("SIGTERM", () => process.exit());

async function respond(request) {
  const result = await call(request).then(
    (value) => ({ case: "response", value }),
    (error) => ({ case: "error", value: { message: String(error?.stack ?? error) } }),
  );
  const response = create(compat.ClientCompatResponseSchema, { testName: request.testName, result });
  writeMessage(process.stdout, toBinary(compat.ClientCompatResponseSchema, response));
}

/** Makes the call, and gives what came of it. @throws Error when it can't be made at all */
async function call(request) {
  const { transport, close } = transportOf(request);
  const client = createClient(ConformanceService, transport);
  const name = `${request.method[0].toLowerCase()}${request.method.slice(1)}`;
  const method = ConformanceService.method[name];
  if (method === undefined) throw new Error(`unknown method: ${request.method}`);
  const messages = request.requestMessages.map((any) => anyUnpack(any, method.input));
  const result = create(compat.ClientResponseResultSchema);
  const controller = new AbortController();
  const headers = new Headers();
  addHeaders(headers, request.requestHeaders);
  const options = {
    headers,
    signal: controller.signal,
    onHeader: (header) => {
      result.responseHeaders = headersOf(header);
    },
    onTrailer: (trailer) => {
      result.responseTrailers = headersOf(trailer);
    },
  };
  const run = { request, messages, result, controller, invoke: (input) => client[name](input, options) };
  try {
    await kinds[method.methodKind](run);
  } catch (error) {
    const { metadata, ...failure } = describe(error);
    result.error = errorToReport(failure);
    // Headers and trailers are one here; those that came before are known better.
    if (result.responseHeaders.length === 0) result.responseHeaders = headersOf(metadata);
    result.responseTrailers = headersOf(metadata);
  } finally {
    close();
  }
  return result;
}

function describe(error) {
  const { code, rawMessage, details, metadata } = ConnectError.from(error);
  return { code, rawMessage, details, metadata };
}

const kinds = {
  async unary(run) {
    await wait(run.request.requestDelayMs);
    cancelAfterClose(run);
    run.result.payloads.push(payloadOf(await run.invoke(run.messages[0])));
  },

  async server_streaming(run) {
    await wait(run.request.requestDelayMs);
    const responses = run.invoke(run.messages[0]);
    await cancelAfterClose(run);
    await readAll(run, responses[Symbol.asyncIterator]());
  },

  async client_streaming(run) {
    async function* requests() {
      for (const message of run.messages) {
        await wait(run.request.requestDelayMs);
        yield message;
      }
      cancelBeforeClose(run);
      cancelAfterClose(run);
    }
    run.result.payloads.push(payloadOf(await run.invoke(requests())));
  },

  async bidi_streaming(run) {
    const fullDuplex = run.request.streamType === StreamType.FULL_DUPLEX_BIDI_STREAM;
    const requests = handOver();
    const responses = run.invoke(requests.taken)[Symbol.asyncIterator]();
    for (const message of run.messages) {
      await wait(run.request.requestDelayMs);
      requests.give(message);
      if (fullDuplex) await readOne(run, responses);
    }
    cancelBeforeClose(run);
    requests.end();
    cancelAfterClose(run);
    await readAll(run, responses);
  },
};

function cancelBeforeClose({ request, controller }) {
  if (request.cancel?.cancelTiming.case === "beforeCloseSend") controller.abort();
}

/** Without a time that is named, a call that is to be cancelled is so as soon as its requests are out. */
function cancelAfterClose({ request, controller }) {
  if (request.cancel === undefined) return undefined;
  const { case: timing = "afterCloseSendMs", value = 0 } = request.cancel.cancelTiming;
  if (timing !== "afterCloseSendMs") return undefined;
  return wait(value).then(() => controller.abort());
}

async function readAll(run, responses) {
  while (await readOne(run, responses)) {}
}

/** @returns whether there may be more */
async function readOne({ request, result, controller }, responses) {
  const { done, value } = await responses.next();
  if (done) return false;
  result.payloads.push(payloadOf(value));
  const { case: timing, value: limit } = request.cancel?.cancelTiming ?? {};
  if (timing === "afterNumResponses" && result.payloads.length === limit) controller.abort();
  return true;
}

/** A response's payload: an empty one where it has none. */
function payloadOf({ payload }) {
  return payload ?? create(ConformancePayloadSchema);
}

/** An iterable of what is given to it, one by one. */
function handOver() {
  const given = [];
  let wake = () => {};
  let ended = false;
  async function* take() {
    while (true) {
      if (given.length > 0) yield given.shift();
      else if (ended) return;
      else await new Promise((resolve) => (wake = resolve));
    }
  }
  return {
    taken: take(),
    give(message) {
      given.push(message);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}

function transportOf(request) {
  const isTls = request.serverTlsCert.length > 0;
  const baseUrl = `${isTls ? "https" : "http"}://${request.host}:${request.port}`;
  const compression = compressions[request.compression];
  const credentials = request.clientTlsCreds;
  const nodeOptions = {
    ...(isTls && { ca: Buffer.from(request.serverTlsCert) }),
    ...(credentials && { key: Buffer.from(credentials.key), cert: Buffer.from(credentials.cert) }),
  };
  const isHttp2 = request.httpVersion === HTTPVersion.HTTP_VERSION_2;
  const sessionManager = isHttp2 ? new Http2SessionManager(baseUrl, undefined, nodeOptions) : undefined;
  const options = {
    baseUrl,
    interceptors: observe,
    httpVersion: isHttp2 ? "2" : "1.1",
    ...(isHttp2 ? { sessionManager } : { nodeOptions }),
    useBinaryFormat: request.codec === Codec.PROTO,
    acceptCompression: compression ? [compression] : [],
    // Empty messages are to be compressed, too.
    ...(compression && { sendCompression: compression, compressMinBytes: -1 }),
    ...(request.timeoutMs !== undefined && { defaultTimeoutMs: request.timeoutMs }),
    ...(request.messageReceiveLimit > 0 && { readMaxBytes: request.messageReceiveLimit }),
    jsonOptions: { registry },
    ...(request.protocol === Protocol.CONNECT && { useHttpGet: request.useGetHttpMethod }),
  };
  return { transport: protocols[request.protocol](options), close: () => sessionManager?.abort() };
}

const protocols = {
  [Protocol.CONNECT]: createConnectTransport,
  [Protocol.GRPC]: createGrpcTransport,
  [Protocol.GRPC_WEB]: createGrpcWebTransport,
};

const compressions = { [Compression.GZIP]: compressionGzip, [Compression.BR]: compressionBrotli };

const observe = interceptors("client");
const running = new Set();
for await (const bytes of readMessages(process.stdin)) {
  const run = respond(fromBinary(compat.ClientCompatRequestSchema, bytes)).finally(() => running.delete(run));
  running.add(run);
  if (running.size >= 8) await Promise.race(running);
}
await Promise.all(running);
await report("client");
process.exit();
