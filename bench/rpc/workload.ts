/** What the client does to a server. */
export type Workload = "unary" | "burst" | "traced" | "ping-pong";

/** How a workload is called in tables. */
export const workloadNames: Readonly<Record<Workload, string>> = {
  unary: "unary call",
  burst: "bidi message, burst",
  traced: "bidi message with a context of its own both ways, burst",
  "ping-pong": "bidi message, ping-pong",
};
