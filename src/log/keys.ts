/** The keys under which a log line holds what the kit itself puts there. */
export interface LogKeys {
  /** The line's text. Default `msg`. */
  readonly message: string;
  /** An error's message. Default `err`; its code, causes and stack stand under the same key with a suffix. */
  readonly error: string;
  /** When the line was logged. Default `time`. */
  readonly time: string;
  /** How much it matters. Default `level`. */
  readonly severity: string;
  /** Default `trace_id`. */
  readonly traceId: string;
  /** Default `span_id`. */
  readonly spanId: string;
  /** Default `request_id`. */
  readonly requestId: string;
  /** Where in the code, with `fileLocation`. Default `file`. */
  readonly file: string;
  /** Lines that a buffer had to drop. Default `dropped`. */
  readonly dropped: string;
  /** The debug rule that a debug line is there for. Default `debug_rule`. */
  readonly debugRule: string;
  /** Default `rpc.service`. */
  readonly service: string;
  /** Default `rpc.method`. */
  readonly method: string;
  /** `server` or `client`. Default `rpc.side`. */
  readonly side: string;
  /** One of the four kinds. Default `rpc.kind`. */
  readonly kind: string;
  /** `connect`, `grpc` or `grpc-web`. Default `rpc.protocol`. */
  readonly protocol: string;
  /** The other side's address. Default `rpc.peer`. */
  readonly peer: string;
  /** How the call ended: a Connect code, or `ok`. Default `rpc.code`. */
  readonly code: string;
  /** The message that went out with the code. Default `rpc.status`. */
  readonly status: string;
  /** Which kind of end a failure is: `error`, `canceled`, `deadline`, `shutdown`, `abandoned`. Default `rpc.outcome`. */
  readonly outcome: string;
  /** How long the call took, in milliseconds. Default `rpc.time_ms`. */
  readonly duration: string;
  /** Messages received. Default `rpc.received`. */
  readonly received: string;
  /** Messages sent. Default `rpc.sent`. */
  readonly sent: string;
}

/** The keys as Clue names them, as far as Clue has them. */
export const defaultKeys: LogKeys = {
  message: "msg",
  error: "err",
  time: "time",
  severity: "level",
  traceId: "trace_id",
  spanId: "span_id",
  requestId: "request_id",
  file: "file",
  dropped: "dropped",
  debugRule: "debug_rule",
  service: "rpc.service",
  method: "rpc.method",
  side: "rpc.side",
  kind: "rpc.kind",
  protocol: "rpc.protocol",
  peer: "rpc.peer",
  code: "rpc.code",
  status: "rpc.status",
  outcome: "rpc.outcome",
  duration: "rpc.time_ms",
  received: "rpc.received",
  sent: "rpc.sent",
};
