import type { Dependency } from "connect-clue/health";
import { type Gate, gate } from "./gate.js";

/** A dependency that a test switches, and that counts its pings. */
export class Switched implements Dependency {
  /** What a ping throws. */
  fault: unknown;
  /** How many pings began. */
  pings = 0;
  readonly services?: readonly string[];
  private answer: Gate | undefined;

  constructor(
    readonly name: string,
    readonly critical = true,
    services?: readonly string[],
  ) {
    if (services !== undefined) this.services = services;
  }

  async ping(): Promise<void> {
    this.pings++;
    await this.answer?.opened;
    if (this.fault !== undefined) throw this.fault;
  }

  /** Pings from now on wait, whatever becomes of their signal, until the gate is opened. */
  hang(): Gate {
    this.answer = gate();
    return this.answer;
  }

  /** Pings from now on answer at once. */
  unhang(): void {
    this.answer = undefined;
  }
}
