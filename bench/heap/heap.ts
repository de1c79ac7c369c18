import type { BenchResult, Settings } from "../bench.js";
import { figure } from "../figure.js";
import { estimate } from "../statistics.js";
import { startWorker } from "../worker.js";
import type { HeapAnswer, HeapQuestion } from "./heap-worker.js";

/** Whether a stream holds more the longer it lives. */
export async function heap({ smoke }: Settings): Promise<BenchResult> {
  const messages = smoke ? 10_000 : 1_000_000;
  const worker = startWorker<HeapQuestion, HeapAnswer>(new URL("heap-worker.js", import.meta.url));
  try {
    return report(messages, await worker.ask({ messages }));
  } finally {
    await worker.stop();
  }
}

/** One half of the stream against the other: medians, as the heap of a young process moves by itself. */
function report(messages: number, heap: HeapAnswer): BenchResult {
  const half = heap.length / 2;
  const [early, late] = [estimate(heap.slice(0, half)).median, estimate(heap.slice(half)).median];
  const growth = (late - early) / (messages / 2);
  const rows = heap.map((bytes, tenth) => [
    `${((tenth + 1) * messages) / 10}`,
    `${(bytes / 1024).toFixed(0)} KiB`,
  ]);
  return {
    samples: { messages, heap },
    figures: [
      figure(`heap over ${messages} messages in one stream: growth a message`, "bytes", [growth], {
        atMost: 0.1,
      }),
    ],
    details: [{ title: "Heap in use in one stream", header: ["after messages", "heap"], rows }],
  };
}
