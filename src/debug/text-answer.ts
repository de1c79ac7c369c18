import type { WholeAnswer } from "../call/http-handler.js";

/** An answer that is text as it stands. */
export function textAnswer(body: string): WholeAnswer {
  return answerOf("text/plain; charset=utf-8", body);
}

/** An answer that is JSON. */
export function jsonAnswer(value: unknown): WholeAnswer {
  return answerOf("application/json", `${JSON.stringify(value)}\n`);
}

/** An answer that is a page. */
export function htmlAnswer(body: string): WholeAnswer {
  return answerOf("text/html; charset=utf-8", body);
}

/** Nobody may keep it, or take it for something else than it is. */
function answerOf(type: string, body: string): WholeAnswer {
  const headers = {
    "content-type": type,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  return { status: 200, headers, body };
}
