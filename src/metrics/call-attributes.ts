import type { Code } from "@connectrpc/connect";
import type { Attributes } from "@opentelemetry/api";
import { addressOf } from "../call/address.js";
import { codeName, isErrorOn } from "../call/code.js";
import { errorType, rpcStatusCode, serverAddress, serverPort } from "../call/semconv.js";
import type { Side } from "../call/types.js";

/** The attributes of one method's durations, each set made once: by the server's address and the code. */
export class CallAttributes {
  private readonly targets = new Map<string, CodeAttributes>();
  private readonly untargeted: CodeAttributes;
  /** Most clients call one server: to see that it is the same costs less than to take a URL apart. */
  private lastUrl: string | undefined;
  private last: CodeAttributes;

  constructor(
    private readonly side: Side,
    private readonly method: Attributes,
  ) {
    this.untargeted = new CodeAttributes(side, method);
    this.last = this.untargeted;
  }

  /**
   * The attributes of a call that has ended.
   *
   * @param url - the request's; on a client it names the server
   * @param code - undefined for success
   */
  of(url: string, code: Code | undefined): Attributes {
    if (this.side === "client" && url !== this.lastUrl) {
      this.last = this.target(url);
      this.lastUrl = url;
    }
    return this.last.of(code);
  }

  /** A client may have any number of targets: those beyond the first ones are told without their addresses. */
  private target(url: string): CodeAttributes {
    const address = addressOf(url);
    if (address === undefined) return this.untargeted;
    const { host, port } = address;
    const key = `${host} ${port}`;
    const known = this.targets.get(key);
    if (known !== undefined) return known;
    if (this.targets.size >= maxTargets) return this.untargeted;
    const target = { [serverAddress]: host, ...(port !== undefined && { [serverPort]: port }) };
    const codes = new CodeAttributes(this.side, { ...this.method, ...target });
    this.targets.set(key, codes);
    return codes;
  }
}

/** How many servers a method has attributes for. */
const maxTargets = 100;

/** The attributes of one method and target, by code. */
class CodeAttributes {
  private readonly failures = new Map<string, Attributes>();

  constructor(
    private readonly side: Side,
    private readonly success: Attributes,
  ) {}

  of(code: Code | undefined): Attributes {
    if (code === undefined) return this.success;
    const name = codeName(code);
    let failure = this.failures.get(name);
    if (failure === undefined) {
      failure = {
        ...this.success,
        [rpcStatusCode]: name,
        ...(isErrorOn(this.side, code) && { [errorType]: name }),
      };
      this.failures.set(name, failure);
    }
    return failure;
  }
}
