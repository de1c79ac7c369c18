import { reportFault } from "../call/fault.js";
import type { Fields, Logger } from "../log/index.js";

/** A logger that can't stop a drain: what it throws is reported. */
export class DrainLog {
  constructor(private readonly logger: Logger) {}

  print(message: string, fields: Fields): void {
    this.attempt(() => this.logger.print(message, fields));
  }
  warn(message: string, fields?: Fields): void {
    this.attempt(() => this.logger.warn(message, fields));
  }
  error(error: unknown, message: string): void {
    this.attempt(() => this.logger.error(error, message));
  }
  flush(): void {
    this.attempt(() => this.logger.flush());
  }

  private attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      reportFault(this.logger, "the logger of a drain", error);
    }
  }
}
