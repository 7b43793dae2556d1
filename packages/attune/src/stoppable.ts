// What is read before work begins (evaluation data, a corpus) may be large: reading it stops when it is told to.

import type { Context } from "@attune/core";
import { stoppableFiles } from "@attune/data";

/** The same context for what reads its data while it is made; reading rejects with the reason of its signal once that is aborted. */
export function stoppable(context: Context): Context {
  return { ...context, files: stoppableFiles(context.files, context.signal) };
}
