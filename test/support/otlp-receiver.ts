import { execFileSync } from "node:child_process";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { createFileRegistry, type FileRegistry, fromBinary, type Message, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import { root } from "./built.js";

/** An export as it arrived. */
export interface OtlpRequest {
  /** Of HTTP the path, of gRPC the method. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: OtlpBody;
}

/** A span, flat and readable. Times are left out. */
export interface ReceivedSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly status: string;
  readonly attributes: Attributes;
  readonly scope: string;
  readonly resource: Attributes;
}

/** A metric with the values of its points: numbers, and of histograms the counts. */
export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly temporality: string;
  readonly points: readonly { readonly attributes: Attributes; readonly value: number }[];
  readonly resource: Attributes;
}

type Attributes = Readonly<Record<string, unknown>>;

/** How a receiver takes what comes. */
export interface ReceiverOptions {
  /** Takes everything in, and never answers. */
  readonly silent?: boolean;
}

/** A collector in memory: it decodes what arrives with protobuf-es, by the proto files of `otlp/`. */
export class OtlpReceiver {
  readonly requests: OtlpRequest[] = [];
  private readonly waiting: (() => void)[] = [];

  constructor(
    readonly url: string,
    private readonly stop: () => void,
  ) {}

  /** The spans of all requests, in order. */
  get spans(): ReceivedSpan[] {
    return this.requests.flatMap(({ body }) => (body.resourceSpans ?? []).flatMap(spansOf));
  }

  /** The metrics of all requests, in order. */
  get metrics(): ReceivedMetric[] {
    return this.requests.flatMap(({ body }) => (body.resourceMetrics ?? []).flatMap(metricsOf));
  }

  take(signal: "trace" | "metrics", path: string, headers: IncomingHttpHeaders, bytes: Uint8Array): void {
    this.requests.push({ path, headers, body: decode(signal, bytes) });
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Resolves when the next request has come. */
  next(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Breaks all connections and takes no more. */
  close(): void {
    this.stop();
  }
}

/** Starts a receiver of OTLP/HTTP with protobuf. It ends with the test. */
export async function startHttpReceiver(options: ReceiverOptions = {}): Promise<OtlpReceiver> {
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const body = await readAll(request);
    const { url = "", headers } = request;
    const signal = /\/v1\/traces\/?(\?.*)?$/.test(url) ? "trace" : "metrics";
    receiver.take(signal, url, headers, headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
    if (!options.silent) response.setHeader("content-type", "application/x-protobuf").end();
  });
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver = new OtlpReceiver(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  onTestFinished(() => receiver.close());
  return receiver;
}

/** Starts a receiver of OTLP/gRPC. It ends with the test. */
export async function startGrpcReceiver(options: ReceiverOptions = {}): Promise<OtlpReceiver> {
  const server = new Server();
  for (const [signal, path] of Object.entries(grpcPaths) as ["trace" | "metrics", string][]) {
    const handle = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
      receiver.take(signal, path, headersOf(call.metadata), call.request);
      if (!options.silent) answer(null, Buffer.alloc(0));
    };
    server.addService({ export: unary(path) }, { export: handle });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const receiver = new OtlpReceiver(`http://127.0.0.1:${port}`, () => server.forceShutdown());
  onTestFinished(() => receiver.close());
  return receiver;
}

const grpcPaths = {
  trace: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
};

function unary(path: string) {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
}

function headersOf(metadata: Metadata): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(metadata.getMap()).map(([name, value]) => [name, String(value)]));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

let registry: FileRegistry | undefined;

/** @throws Error for a field that the proto files do not have: a test is to see all that was sent */
function decode(signal: "trace" | "metrics", bytes: Uint8Array): OtlpBody {
  registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors()));
  const name = signal === "trace" ? "ExportTraceServiceRequest" : "ExportMetricsServiceRequest";
  const desc = registry.getMessage(`opentelemetry.proto.collector.${signal}.v1.${name}`);
  if (desc === undefined) throw new Error(`no message ${name}`);
  const message = fromBinary(desc, bytes);
  expectKnown(message);
  return toJson(desc, message, { registry }) as OtlpBody;
}

function descriptors(): Uint8Array {
  const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");
  return execFileSync(process.execPath, [
    buf,
    "build",
    join(root, "test/support/otlp"),
    "-o",
    "-#format=binpb",
  ]);
}

function expectKnown(value: unknown): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  const unknown = (value as Partial<Message>).$unknown;
  if (unknown !== undefined) throw new Error(`field ${unknown[0]?.no} of ${(value as Message).$typeName}`);
  for (const part of Object.values(value)) expectKnown(part);
}

// The JSON of OTLP's messages, as far as it is read here.

interface OtlpBody {
  readonly resourceSpans?: readonly {
    readonly resource: OtlpAttributed;
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly resource: OtlpAttributed;
    readonly scopeMetrics: readonly { readonly metrics: readonly OtlpMetric[] }[];
  }[];
}

interface OtlpAttributed {
  readonly attributes?: readonly {
    readonly key: string;
    readonly value: Readonly<Record<string, unknown>>;
  }[];
}

interface OtlpSpan extends OtlpAttributed {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly status?: { readonly code?: string; readonly message?: string };
}

interface OtlpMetric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: OtlpPoints;
  readonly sum?: OtlpPoints;
  readonly histogram?: OtlpPoints;
}

interface OtlpPoints {
  readonly dataPoints: readonly (OtlpAttributed & {
    readonly asDouble?: number;
    readonly asInt?: string;
    readonly count?: string;
  })[];
  readonly aggregationTemporality?: string;
}

type ResourceSpans = NonNullable<OtlpBody["resourceSpans"]>[number];
type ResourceMetrics = NonNullable<OtlpBody["resourceMetrics"]>[number];

function spansOf({ resource, scopeSpans }: ResourceSpans): ReceivedSpan[] {
  return scopeSpans.flatMap(({ scope, spans }) =>
    spans.map((span) => ({
      name: span.name,
      kind: span.kind.replace("SPAN_KIND_", ""),
      traceId: hex(span.traceId),
      spanId: hex(span.spanId),
      parentSpanId: hex(span.parentSpanId),
      traceState: span.traceState ?? "",
      status: `${span.status?.code ?? "UNSET"} ${span.status?.message ?? ""}`
        .trim()
        .replace("STATUS_CODE_", ""),
      attributes: attributesOf(span),
      scope: scope.name,
      resource: attributesOf(resource),
    })),
  );
}

function metricsOf({ resource, scopeMetrics }: ResourceMetrics): ReceivedMetric[] {
  return scopeMetrics.flatMap(({ metrics }) =>
    metrics.map((metric) => {
      const data = metric.gauge ?? metric.sum ?? metric.histogram;
      return {
        name: metric.name,
        unit: metric.unit ?? "",
        temporality: (data?.aggregationTemporality ?? "").replace("AGGREGATION_TEMPORALITY_", ""),
        points: (data?.dataPoints ?? []).map((point) => ({
          attributes: attributesOf(point),
          value: Number(point.asDouble ?? point.asInt ?? point.count),
        })),
        resource: attributesOf(resource),
      };
    }),
  );
}

function attributesOf({ attributes = [] }: OtlpAttributed): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function hex(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("hex");
}
