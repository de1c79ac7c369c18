import type { Attributes, AttributeValue } from "@opentelemetry/api";

/** Attributes for comparing: what differs from run to run is replaced by what it is, `<port>` or `<frames>`. */
export function stable(attributes: Attributes): Attributes {
  const entries = Object.entries(attributes).map(([key, value = ""]) => [
    key,
    standIns[key]?.(value) ?? value,
  ]);
  return Object.fromEntries(entries);
}

const standIns: Readonly<Record<string, (value: AttributeValue) => AttributeValue>> = {
  "server.port": portName,
  "network.peer.port": portName,
  "exception.stacktrace": (value) =>
    typeof value === "string" ? value.replace(/(\n +at .*)+/g, "\n<frames>") : value,
};

/** A port that the system chose has no number to compare. */
function portName(port: AttributeValue): AttributeValue {
  return typeof port === "number" && port >= 1024 ? "<port>" : port;
}
