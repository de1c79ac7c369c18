import type { CallInfo, CallObserver, CallObserverFactory, Outcome } from "connect-clue";
import { codeName } from "connect-clue";
import { until } from "./until.js";

/** What one call's observer was told, in order and in words: `receive 1`, `send 1`, `end ok received=1 sent=1`. */
export class RecordedCall implements CallObserver {
  readonly events: string[] = [];
  outcome: Outcome | undefined;

  constructor(readonly info: CallInfo) {}

  onReceive(_ctx: unknown, _message: unknown, n: number): void {
    this.events.push(`receive ${n}`);
  }

  onSend(_ctx: unknown, _message: unknown, n: number): void {
    this.events.push(`send ${n}`);
  }

  onEnd(outcome: Outcome): void {
    const { type, code, received, sent } = outcome;
    const end = code === undefined ? type : `${type} ${codeName(code)}`;
    this.outcome = outcome;
    this.events.push(`end ${end} received=${received} sent=${sent}`);
  }
}

/** Records the calls of one side. */
export class Recorder {
  readonly calls: RecordedCall[] = [];

  /** The observer to give to an interceptor. */
  readonly observe: CallObserverFactory = (info) => {
    const call = new RecordedCall(info);
    this.calls.push(call);
    return call;
  };

  /** The n-th call, counting from 0, once it has ended. */
  async ended(n = 0): Promise<RecordedCall> {
    await until(() => this.calls[n]?.outcome !== undefined);
    return this.call(n);
  }

  /** All that was told of the n-th call, once it has ended. */
  async events(n = 0): Promise<string[]> {
    return (await this.ended(n)).events;
  }

  call(n = 0): RecordedCall {
    const call = this.calls[n];
    if (call === undefined) throw new Error(`only ${this.calls.length} calls were made`);
    return call;
  }
}
