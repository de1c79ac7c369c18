/**
 * The timeout that a request carries, in milliseconds, or undefined when it has none or a malformed one
 * (Connect itself answers malformed ones with an error).
 *
 * @see https://connectrpc.com/docs/protocol#unary-request (`Connect-Timeout-Ms`)
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md (`grpc-timeout`)
 */
export function requestTimeoutMs(header: Headers): number | undefined {
  const connect = header.get("connect-timeout-ms");
  if (connect !== null) return /^\d{1,10}$/.test(connect) ? Number(connect) : undefined;
  const grpc = header.get("grpc-timeout");
  if (grpc === null) return undefined;
  const match = /^(\d{1,8})([HMSmun])$/.exec(grpc);
  return match === null ? undefined : Number(match[1]) * (unitMs[match[2] ?? ""] ?? Number.NaN);
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
