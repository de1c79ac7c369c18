import { Session } from "node:inspector";
import { Code, ConnectError } from "@connectrpc/connect";

/** V8's inspector inside the process: no port is opened. */
export class Inspector {
  private readonly session = new Session();

  constructor() {
    this.session.connect();
  }

  /**
   * Sends a command and returns its answer: a session within its own thread answers at once.
   *
   * @throws ConnectError `failed_precondition` when V8 refuses it: mostly, as somebody else uses it
   */
  post<R = unknown>(method: string, params: object = {}): R {
    let answer: { readonly error: Error | null; readonly result?: unknown } | undefined;
    this.session.post(method, params, (error: Error | null, result?: unknown) => {
      answer = { error, result };
    });
    if (answer?.error === null) return answer.result as R;
    const why = answer?.error.message ?? "no answer";
    throw new ConnectError(`${method} is not possible in this process now: ${why}`, Code.FailedPrecondition);
  }

  /** Hears of what the inspector tells by itself. */
  on<P>(event: string, listener: (params: P) => void): void {
    this.session.on(event, (message: { readonly params: P }) => listener(message.params));
  }

  /** Disconnects, which stops whatever this session has started. More than once does no harm. */
  close(): void {
    this.session.disconnect();
  }
}
