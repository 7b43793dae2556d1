// What a failure looks like on a terminal, and with which status the process ends.

import { AttuneError } from "@attune/core";

/** 0 done, 1 failed, 2 wrong use, 130 interrupted. */
export type ExitStatus = 0 | 1 | 2 | 130;

const wrongUse = new Set(["E_OPTION", "E_METRIC", "E_UNKNOWN_PLUGIN", "E_PRECISION", "E_COMMAND"]);

/** Lines for stderr: code and sentence, then the next step. The stack only with `debug`. */
export function describeError(error: unknown, { debug }: { debug: boolean }): string[] {
  const stack = debug && error instanceof Error ? [error.stack ?? ""] : [];
  if (error instanceof AttuneError) {
    return [`error ${error.code}  ${ended(error.sentence)}`, ...(error.hint ? [`  Hint: ${ended(error.hint)}`] : []), ...stack];
  }
  const message = (error instanceof Error ? error.message : String(error)).split("\n")[0];
  return [`error E_INTERNAL  ${ended(message)}`, "  Hint: this is a defect of attune; ATTUNE_DEBUG=1 shows where it happened.", ...stack];
}

/** The status for an error that ended a command. */
export function statusOf(error: unknown, signal: AbortSignal): ExitStatus {
  if (signal.aborted && isAbort(error)) return 130;
  return error instanceof AttuneError && wrongUse.has(error.code) ? 2 : 1;
}

/** Whether an error only says that the work was told to stop. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function ended(sentence: string): string {
  return /[.?!…]$/.test(sentence) ? sentence : `${sentence}.`;
}
