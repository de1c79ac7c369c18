import { type HrTime, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpanLike } from "./sdk-types.js";
import { spanDetails } from "./span-details.js";
import { spanTree, type TreeLine } from "./span-tree.js";
import { bar, columns, durationText, type Paint, padded, painter, printable } from "./terminal-text.js";

/** How a trace is printed. */
export interface TraceTextOptions {
  readonly colors: boolean;
  /** Whether earlier spans of this trace were printed already. */
  readonly isContinued: boolean;
}

/**
 * The spans of one trace as a tree: a line for each with its name, service, kind and duration and a bar that shows when
 * it was, and below it what else there is to tell.
 *
 * @param spans - at least one
 * @returns lines, each ended by a newline, and an empty one
 */
export function traceText(spans: readonly ReadableSpanLike[], options: TraceTextOptions): string {
  const paint = painter(options.colors);
  const tree = spanTree(spans);
  const frame = frameOf(tree.map(({ span }) => span));
  const rows = tree.map((line) => rowOf(line, frame));
  const widths = widthsOf(rows);
  const lines = rows.flatMap((row) => [
    spanLine(row, widths, frame, paint),
    ...spanDetails(row.span, row.isRoot, frame.names, paint).map((line) => paint("2", row.trunk) + line),
  ]);
  return `${title(spans, frame, options.isContinued, paint)}\n${lines.join("\n")}\n\n`;
}

/** What the lines of one trace share. */
interface Frame {
  readonly start: HrTime;
  readonly totalMs: number;
  /** Each service and its colour. */
  readonly services: ReadonlyMap<string, string>;
  /** Each span's name, by its id. */
  readonly names: ReadonlyMap<string, string>;
}

/** The texts of one span's line. */
interface Row extends TreeLine {
  readonly name: string;
  readonly service: string;
  readonly kind: string;
  readonly duration: string;
  readonly bar: string;
}

type Widths = Readonly<Record<"name" | "service" | "kind" | "duration", number>>;

function frameOf(spans: readonly ReadableSpanLike[]): Frame {
  const starts = spans.map(({ startTime }) => startTime);
  const start = starts.reduce((first, time) => (msBetween(first, time) < 0 ? time : first));
  const services = [...new Set(spans.map(serviceOf))];
  return {
    start,
    totalMs: Math.max(...spans.map(({ endTime }) => msBetween(start, endTime))),
    services: new Map(services.map((service, i) => [service, colours[i % colours.length] ?? ""])),
    names: new Map(spans.map((span) => [span.spanContext().spanId, nameOf(span)])),
  };
}

function title(
  spans: readonly ReadableSpanLike[],
  { totalMs, services }: Frame,
  isContinued: boolean,
  paint: Paint,
): string {
  const traceId = printable(spans[0]?.spanContext().traceId ?? "", 32);
  const facts = [
    durationText(totalMs),
    counted(spans.length, "span"),
    counted(services.size, "service"),
    ...(isContinued ? ["continued"] : []),
  ];
  return `${paint("1", `trace ${traceId}`)}${paint("2", ` · ${facts.join(" · ")}`)}`;
}

function rowOf(line: TreeLine, { start, totalMs }: Frame): Row {
  const { span } = line;
  const from = msBetween(start, span.startTime);
  const to = msBetween(start, span.endTime);
  return {
    ...line,
    name: nameOf(span),
    service: serviceOf(span),
    kind: SpanKind[span.kind]?.toLowerCase() ?? "",
    duration: durationText(to - from),
    bar: bar(from, to, totalMs, barWidth),
  };
}

function widthsOf(rows: readonly Row[]): Widths {
  const widest = (text: (row: Row) => string) => Math.max(...rows.map((row) => columns(text(row))));
  return {
    name: widest(({ branch, name }) => branch + name),
    service: widest(({ service }) => service),
    kind: widest(({ kind }) => kind),
    duration: widest(({ duration }) => duration),
  };
}

function spanLine(row: Row, widths: Widths, { services }: Frame, paint: Paint): string {
  const { branch, name, service, kind, duration, bar } = row;
  const colour = services.get(service) ?? "";
  const isFailed = row.span.status.code === SpanStatusCode.ERROR;
  const shownName = paint(isFailed ? "1;31" : "1", padded(name, widths.name - columns(branch)));
  return [
    paint("2", branch) + shownName,
    paint(colour, padded(service, widths.service)),
    paint("2", padded(kind, widths.kind)),
    duration.padStart(widths.duration),
    paint(isFailed ? "31" : colour, bar),
  ].join("  ");
}

function nameOf({ name }: ReadableSpanLike): string {
  return printable(name, maxName);
}

function serviceOf({ resource }: ReadableSpanLike): string {
  const service = resource.attributes["service.name"];
  return typeof service === "string" ? printable(service, maxService) : "";
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function msBetween([seconds, nanos]: HrTime, [laterSeconds, laterNanos]: HrTime): number {
  return (laterSeconds - seconds) * 1000 + (laterNanos - nanos) / 1e6;
}

const barWidth = 24;
const maxName = 60;
const maxService = 24;

/** Cyan, yellow, magenta, green, blue: red is for failures. */
const colours = ["36", "33", "35", "32", "34"];
