const laneColumns = [
  ["lane", ({ lane }) => lane.name],
  ["packages", ({ lane }) => lane.line],
  ["Node", ({ versions }) => versions.node],
  ["Connect", ({ versions }) => versions["@connectrpc/connect"]],
  ["protobuf-es", ({ versions }) => versions["@bufbuild/protobuf"]],
  ["OpenTelemetry API", ({ versions }) => versions["@opentelemetry/api"]],
  ["SDK", ({ versions }) => versions["@opentelemetry/sdk-trace"]],
  ["exporters", ({ versions }) => versions["@opentelemetry/exporter-trace-otlp-proto"]],
  ["passed", ({ passed }) => passed],
  ["failed", ({ failed }) => failed],
  ["skipped", ({ skipped }) => skipped],
  ["seconds", ({ seconds }) => seconds],
  ["run on", ({ date }) => date],
];

/**
 * What the lanes came to, as a table in Markdown.
 *
 * @param {readonly import("./run-lane.mjs").LaneResult[]} results
 */
export function lanesTable(results) {
  return table(laneColumns, results);
}

const projectColumns = [
  ["project", ({ project }) => project.name],
  ["packages", ({ project }) => project.line],
  ["Node", ({ project }) => project.node],
  ["tool", ({ project }) => project.tool],
  ["result", ({ error }) => (error === undefined ? "passed" : "failed")],
  ["seconds", ({ seconds }) => seconds],
  ["run on", ({ date }) => date],
];

/**
 * What the projects and scripts came to, as a table in Markdown.
 *
 * @param {readonly import("./run-project.mjs").ProjectResult[]} results
 */
export function projectsTable(results) {
  return table(projectColumns, results);
}

function table(columns, results) {
  if (results.length === 0) return "";
  const rows = results.map((result) => columns.map(([, cell]) => String(cell(result) ?? "–")));
  const lines = [columns.map(([title]) => title), columns.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
