// Runs one set-up of test/setups, and gathers what it does.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startCollector } from "./otlp-json.mjs";

/**
 * Runs server and client of test/setups in two processes, and gives all that could be seen of them: spans as a tree, log
 * lines with the span that they name, calls that the metrics counted, how often the kit entered a storage of its own,
 * and all that was printed besides.
 *
 * @param setup - one of test/setups/setups.mjs
 * @param folder - where it is installed
 */
export async function observe(setup, folder, node) {
  const collector = await startCollector();
  try {
    const server = start(node, setup, folder, collector.url, "server");
    const url = await server.listening;
    const client = start(node, setup, folder, collector.url, "client", url);
    await client.ended;
    server.child.stdin.end();
    await server.ended;
    const records = [...server.records, ...client.records];
    const spans = [...collector.spans];
    return {
      traces: new Set(spans.map(({ traceId }) => traceId)).size,
      tree: tree(spans),
      logs: server.records.filter(({ text }) => text !== undefined).map((line) => logOf(line, spans)),
      metrics: collector.metrics
        .filter(({ scope }) => scope === "connect-clue")
        .flatMap(countsOf)
        .sort(),
      storages: records.flatMap(({ storages }) => storages ?? []),
      output: [...server.output, ...client.output],
    };
  } finally {
    collector.close();
  }
}

function start(node, setup, folder, collectorUrl, service, ...args) {
  const child = spawn(node, [...setup.nodeArguments, join(folder, `${service}.mjs`), ...args], {
    cwd: folder,
    env: {
      ...process.env,
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_LOG_LEVEL: "warn",
      // No look-ups of where this runs in a cloud.
      OTEL_NODE_RESOURCE_DETECTORS: "env",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const records = [];
  const output = [];
  let listening;
  const url = new Promise((resolve, reject) => {
    listening = resolve;
    child.once("close", () => reject(new Error(`${service} ended:\n${output.join("\n")}`)));
  });
  url.catch(() => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.startsWith("{")) return output.push(line);
    const record = JSON.parse(line);
    records.push(record);
    if (record.url !== undefined) listening(record.url);
  });
  createInterface({ input: child.stderr }).on("line", (line) => output.push(line));
  const ended = new Promise((resolve) => child.once("close", resolve));
  return { child, records, output, listening: url, ended };
}

/** The spans as a text, with children below their parents, by time. */
function tree(spans, parent = "", depth = 0) {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent)
    .sort((a, b) => a.start - b.start)
    .flatMap((span) => [
      `${"  ".repeat(depth)}${span.service} ${span.kind} ${withoutPort(span.name)} (${span.scope})`,
      ...tree(spans, span.spanId, depth + 1),
    ]);
}

function withoutPort(name) {
  return name.replace(/:\d+/, ":<port>");
}

function logOf({ msg, text, trace_id, span_id }, spans) {
  const span = spans.find(({ traceId, spanId }) => traceId === trace_id && spanId === span_id);
  return `${msg} ${text}: ${span?.kind} ${span?.name}`;
}

/** The calls that a histogram of durations has counted, by method. */
function countsOf({ service, name, counts }) {
  if (!name.endsWith(".call.duration")) return [];
  return counts.map(({ attributes, count }) => `${service} ${name} ${attributes["rpc.method"]} ${count}`);
}
