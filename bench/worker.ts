import { fork } from "node:child_process";
import { once } from "node:events";

/** A process of its own that is asked one thing at a time. */
export interface Worker<Question, Answer> {
  /** @throws Error when the worker can't answer, or has died */
  ask(question: Question): Promise<Answer>;
  /** Lets the process end, and waits until it has. */
  stop(): Promise<void>;
}

/**
 * Starts a module as a worker. What it is measured for must not depend on what other variants have left behind in
 * its process: compiled code, heap, and an AsyncLocalStorage, which makes every promise dearer for good.
 *
 * @param module - it calls {@link answerQuestions}
 * @param args - its command line
 */
export function startWorker<Question, Answer>(module: URL, ...args: string[]): Worker<Question, Answer> {
  const child = fork(module, args, { execArgv: [...process.execArgv, "--expose-gc"] });
  let settle: ((reply: Reply) => void) | undefined;
  child.on("message", (reply: Reply) => settle?.(reply));
  child.on("exit", (code, signal) => settle?.({ error: `worker ended: ${signal ?? `exit code ${code}`}` }));
  return {
    async ask(question) {
      const reply = await new Promise<Reply>((resolve) => {
        settle = resolve;
        child.send({ question }, (error) => {
          if (error !== null) resolve({ error: error.message });
        });
      });
      if ("error" in reply) throw new Error(`${args.join(" ")}: ${reply.error}`);
      return reply.answer as Answer;
    },
    async stop() {
      if (!child.connected) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** Answers what the parent process asks, and ends with it. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
): void {
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ question }: { question: Question }) => {
    process.send?.(await replyTo(async () => answer(question)));
  });
}

type Reply = { readonly answer: unknown } | { readonly error: string };

async function replyTo(answer: () => Promise<unknown>): Promise<Reply> {
  try {
    return { answer: await answer() };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
