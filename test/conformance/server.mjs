// The server under test: started by the conformance runner once for each set of properties, which come on standard
// input. With the kit it is `createNodeServer`; without, the servers of Node itself.
import { createServer } from "node:http";
import { createServer as createHttp2Server, createSecureServer as createHttps2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { compressionBrotli, compressionGzip, connectNodeAdapter } from "@connectrpc/connect-node";
import { createNodeServer, nodeContextValues } from "connect-clue/node";
import { HTTPVersion } from "./gen/connectrpc/conformance/v1/config_pb.js";
import * as compat from "./gen/connectrpc/conformance/v1/server_compat_pb.js";
import { interceptors, observed, report } from "./observed.mjs";
import { readMessages, registry, writeMessage } from "./protocol.mjs";
import { routes } from "./routes.mjs";

process.once("SIGTERM", async () => {
  await report("server");
  process.exit();
});

for await (const bytes of readMessages(process.stdin)) {
  const request = fromBinary(compat.ServerCompatRequestSchema, bytes);
  const handler = connectNodeAdapter({
    routes,
    interceptors: interceptors("server"),
    acceptCompression: [compressionGzip, compressionBrotli],
    jsonOptions: { registry },
    ...(observed && { contextValues: nodeContextValues }),
    ...(request.messageReceiveLimit > 0 && { readMaxBytes: request.messageReceiveLimit }),
  });
  const tls = request.useTls ? tlsOf(request) : undefined;
  const port = observed
    ? (await createNodeServer({ handler, port: 0, host: "127.0.0.1", ...(tls && { tls }) })).port
    : await listen(bareServer(request.httpVersion, tls, handler));
  const response = create(compat.ServerCompatResponseSchema, {
    host: "127.0.0.1",
    port,
    ...(tls && { pemCert: request.serverCreds.cert }),
  });
  writeMessage(process.stdout, toBinary(compat.ServerCompatResponseSchema, response));
}

function tlsOf({ serverCreds, clientTlsCert }) {
  return {
    cert: Buffer.from(serverCreds.cert),
    key: Buffer.from(serverCreds.key),
    ...(clientTlsCert.length > 0 && {
      ca: Buffer.from(clientTlsCert),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}

function bareServer(version, tls, handler) {
  if (version === HTTPVersion.HTTP_VERSION_1) {
    return tls ? createHttpsServer(tls, handler) : createServer(handler);
  }
  return tls ? createHttps2Server(tls, handler) : createHttp2Server(handler);
}

function listen(server) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}
