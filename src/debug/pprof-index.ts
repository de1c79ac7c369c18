import type { WholeAnswer } from "../call/http-handler.js";
import { htmlAnswer } from "./text-answer.js";

/** A page of the index. Both are texts that need no escaping in HTML. */
export interface PprofPage {
  readonly name: string;
  readonly about: string;
}

/** The page that lists the others. Its links are relative: a proxy may put it elsewhere. */
export function pprofIndex(pages: readonly PprofPage[]): WholeAnswer {
  const rows = pages.map(({ name, about }) => `<dt><a href="${name}">${name}</a></dt><dd>${about}</dd>`);
  return htmlAnswer(`${[...head, ...rows, ...foot].join("\n")}\n`);
}

const head = [
  "<!DOCTYPE html>",
  '<html lang="en">',
  "<head>",
  '<meta charset="utf-8">',
  "<title>/debug/pprof/</title>",
  "</head>",
  "<body>",
  "<h1>Profiles of this process</h1>",
  "<dl>",
];

const foot = [
  "</dl>",
  "<p><code>?seconds=5</code> says how long profile, heap, allocs, trace and eventloop watch.</p>",
  "<p><code>?format=cpuprofile</code> (profile) and <code>?format=heapprofile</code> (heap, allocs) are for",
  "Chrome's developer tools; the default is for <code>go tool pprof</code> and speedscope.",
  "<code>?format=json</code> (eventloop) is for programs.</p>",
  "<p>snapshot needs <code>?accept-pause=1</code>: the process stands still while it is taken.</p>",
  "</body>",
  "</html>",
];
