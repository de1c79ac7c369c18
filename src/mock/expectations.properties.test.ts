import { Code, ConnectError } from "@connectrpc/connect";
import { createMock, MockError, type ServiceMock } from "connect-clue/mock";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatService } from "../../examples/chat/gen/chat/v1/chat_pb.js";
import { requests } from "../../test/support/chat-server.js";
import { collect } from "../../test/support/context-observe.js";

const methods = ["say", "upload", "countdown", "chat"] as const;
type Method = (typeof methods)[number];

/** What a test does to a mock. Each expectation answers with its own number. */
type Action =
  | { readonly type: "add" | "set" | "script" | "call" | "next"; readonly method: Method }
  | { readonly type: "verify" | "hasMore" };

/** What an action comes to: the number that answers, what `hasMore` says, how much `verify` complains of. */
type Result = number | boolean | "unexpected" | undefined;

/** Something that actions can be done to. */
interface Subject {
  do(action: Action, n: number): Promise<Result>;
}

/** What mocks should do, in the fewest words. */
class Model implements Subject {
  private sequence: { readonly method: Method; readonly n: number }[] = [];
  private readonly permanent = new Map<Method, number>();
  private played = 0;
  private failures = 0;

  async do(action: Action, n: number): Promise<Result> {
    switch (action.type) {
      case "add":
      case "script":
        this.sequence.push({ method: action.method, n });
        return undefined;
      case "set":
        this.permanent.set(action.method, n);
        return undefined;
      case "call":
      case "next":
        return this.answer(action.method);
      case "hasMore":
        return this.sequence.length > this.played;
      case "verify":
        return this.failures + this.sequence.length - this.played;
    }
  }

  private answer(method: Method): Result {
    const next = this.sequence[this.played];
    if (next?.method === method) {
      this.played++;
      if (this.played === this.sequence.length) [this.sequence, this.played] = [[], 0];
      return next.n;
    }
    const isSequenced = this.sequence.some((each) => each.method === method);
    const answer = isSequenced ? undefined : this.permanent.get(method);
    if (answer === undefined) this.failures++;
    return answer ?? "unexpected";
  }
}

class ServiceSubject implements Subject {
  private readonly mock = createMock(ChatService);

  async do(action: Action, n: number): Promise<Result> {
    switch (action.type) {
      case "add":
      case "set":
        return this.expect(action.type, action.method, n);
      case "script":
        return this.script(action.method, n);
      case "next":
        return this.next(action.method);
      case "call":
        return ifExpected(() => call(this.mock, action.method));
      case "hasMore":
        return this.mock.hasMore();
      case "verify":
        return complaints(() => this.mock.verify());
    }
  }

  private expect(verb: "add" | "set", method: Method, n: number): undefined {
    const { mock } = this;
    const text = String(n);
    if (method === "say") mock[verb](method, () => ({ text }));
    if (method === "upload") mock[verb](method, async () => ({ count: n }));
    if (method === "countdown")
      mock[verb](method, async function* () {
        yield { n };
      });
    if (method === "chat")
      mock[verb](method, async function* () {
        yield { text };
      });
  }

  private script(method: Method, n: number): undefined {
    const text = String(n);
    if (method === "say") this.mock.add(method).expect().send({ text });
    if (method === "upload") this.mock.add(method).expectEnd().send({ count: n });
    if (method === "countdown") this.mock.add(method).send({ n });
    if (method === "chat") this.mock.add(method).send({ text });
  }

  /** What is taken must answer in another mock, too. */
  private next(method: Method): Promise<Result> {
    return ifExpected(() => {
      const other = createMock(ChatService);
      other.add(method, this.mock.next(method) as never);
      return call(other, method);
    });
  }
}

class ObjectSubject implements Subject {
  private readonly mock = createMock<Record<Method, () => number>>();

  async do(action: Action, n: number): Promise<Result> {
    switch (action.type) {
      case "add":
      case "script":
        this.mock.add(action.method, () => n);
        return undefined;
      case "set":
        this.mock.set(action.method, () => n);
        return undefined;
      case "call":
        return ifExpected(async () => this.mock.object[action.method]());
      case "next":
        return ifExpected(async () => this.mock.next(action.method)());
      case "hasMore":
        return this.mock.hasMore();
      case "verify":
        return complaints(() => this.mock.verify());
    }
  }
}

describe.each<[string, () => Subject]>([
  ["a mock of a service", () => new ServiceSubject()],
  ["a mock of an interface", () => new ObjectSubject()],
])("%s", (_name, make) => {
  it("does what the model does, whatever is done to it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actions(), { maxLength: 25 }), async (script) => {
        const [model, subject] = [new Model(), make()];
        for (const [n, action] of script.entries()) {
          expect([n, action, await subject.do(action, n + 1)]).toEqual([
            n,
            action,
            await model.do(action, n + 1),
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function actions(): fc.Arbitrary<Action> {
  const typed = (type: "add" | "set" | "script" | "call" | "next") =>
    fc.constantFrom(...methods).map((method): Action => ({ type, method }));
  return fc.oneof(
    { weight: 4, arbitrary: typed("add") },
    { weight: 2, arbitrary: typed("script") },
    { weight: 2, arbitrary: typed("set") },
    { weight: 8, arbitrary: typed("call") },
    { weight: 1, arbitrary: typed("next") },
    { weight: 1, arbitrary: fc.constantFrom<Action>({ type: "verify" }, { type: "hasMore" }) },
  );
}

/** Makes a call. Returns the number that answers. */
async function call(mock: ServiceMock<typeof ChatService>, method: Method): Promise<number> {
  const client = mock.client();
  if (method === "say") return Number((await client.say({})).text);
  if (method === "upload") return (await client.upload(requests())).count;
  if (method === "countdown") return Number((await collect(client.countdown({})))[0]?.n);
  return Number((await collect(client.chat(requests())))[0]?.text);
}

async function ifExpected(answer: () => Promise<number>): Promise<Result> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof MockError) return "unexpected";
    if (error instanceof ConnectError && error.code === Code.Internal) return "unexpected";
    throw error;
  }
}

/** Of how many things `verify` complains. */
function complaints(verify: () => void): number {
  try {
    verify();
    return 0;
  } catch (error) {
    if (error instanceof MockError) return error.problems.length;
    throw error;
  }
}
