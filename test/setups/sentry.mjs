// Sentry, which sets OpenTelemetry up by itself. Its events go to the test in place of Sentry: the transport
// hands them to the test's receiver, as a list of spans.
import * as Sentry from "@sentry/node";

const { OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_ENDPOINT } = process.env;
const url = `${OTEL_EXPORTER_OTLP_ENDPOINT}/spans`;

Sentry.init({
  dsn: "http://key@127.0.0.1:9/1",
  tracesSampleRate: 1,
  // Of Sentry 11, which leaves OpenTelemetry alone otherwise, and sends spans one by one. Sentry 10 knows neither.
  enableOpenTelemetrySetup: true,
  traceLifecycle: "static",
  transport: (options) => Sentry.createTransport(options, deliver),
});
process.once("beforeExit", () => Sentry.close());

async function deliver({ body }) {
  const text = typeof body === "string" ? body : Buffer.from(body).toString();
  const payloads = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  const spans = payloads.filter(({ type, spans }) => type === "transaction" && spans).flatMap(spansOf);
  // Sentry would trace this request, too, and send that.
  await Sentry.suppressTracing(() => fetch(url, { method: "POST", body: JSON.stringify(spans) }));
  return { statusCode: 200 };
}

function spansOf({ transaction, contexts, spans, start_timestamp }) {
  const root = { ...contexts.trace, description: transaction, start_timestamp };
  return [root, ...spans].map((span) => ({
    service: OTEL_SERVICE_NAME,
    kind: "span",
    name: span.description,
    scope: span.origin,
    traceId: span.trace_id,
    spanId: span.span_id,
    parentSpanId: span.parent_span_id ?? "",
    start: span.start_timestamp,
  }));
}
