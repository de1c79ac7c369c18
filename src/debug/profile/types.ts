/** How long a profile may take, in milliseconds, unless an option says otherwise: five minutes. */
export const longestProfileMs: number = 5 * 60_000;

/** What to take a profile of, and as what. Durations are in milliseconds. */
export type ProfileRequest =
  | { readonly kind: "cpu"; readonly format: "pprof" | "chrome"; readonly durationMs: number }
  | {
      readonly kind: "heap-sampling";
      readonly format: "pprof" | "chrome";
      readonly durationMs: number;
      /** Counts all that was allocated, in place of what is still in use. */
      readonly includesCollected?: true;
    }
  | { readonly kind: "trace"; readonly format: "chrome"; readonly durationMs: number }
  | { readonly kind: "heap-snapshot"; readonly format: "chrome" };

/** What comes of taking a profile, in this order: progress, the pieces of the file, its end. */
export type ProfileEvent =
  | { readonly type: "progress"; readonly elapsedMs: number; readonly totalMs: number | undefined }
  | { readonly type: "chunk"; readonly bytes: Uint8Array }
  | { readonly type: "done"; readonly fileName: string; readonly size: number };
