// Long work on the one thread there is, in pieces: work that never pauses cannot be stopped.

import { createPace } from "@attune/core";

/** Rows or examples of a piece, where one of them costs about a millionth of a second. */
export const PIECE = 1024;

/** Work that may stand still at each `yield`. */
export type Pieces<T> = Generator<void, T, void>;

/** Does the work without a pause. */
export function atOnce<T>(work: Pieces<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Does the work with pauses in which everything else is heard. Rejects with the signal's reason once it is aborted. */
export async function withPauses<T>(work: Pieces<T>, signal: AbortSignal): Promise<T> {
  const pace = createPace(signal);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (pace.due) await pace.pause();
  }
}
