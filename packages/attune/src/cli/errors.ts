// What a failure looks like on a terminal, and with which status the process ends.

import { AttuneError } from "@attune/core";

/** 0 done, 1 failed, 2 wrong use, 130 interrupted. */
export type ExitStatus = 0 | 1 | 2 | 130;

const wrongUse = new Set(["E_OPTION", "E_METRIC", "E_UNKNOWN_PLUGIN", "E_PRECISION", "E_COMMAND"]);

/** Lines for stderr: code and sentence, then the next step, then what failed after it. The stack only with `debug`. */
export function describeError(error: unknown, { debug }: { debug: boolean }): string[] {
  const [first, ...later] = failuresOf(error);
  return [...linesOf(first, debug), ...later.map((one) => `  After it: ${ended(sentenceOf(one))}`)];
}

/** What failed, in its order: where giving something back fails after a failure, the language makes one error of both. */
function failuresOf(error: unknown): unknown[] {
  if (!(error instanceof Error && error.name === "SuppressedError" && "suppressed" in error && "error" in error)) return [error];
  return [...failuresOf(error.suppressed).filter((one) => !isAbort(one)), ...failuresOf(error.error)];
}

function sentenceOf(error: unknown): string {
  if (error instanceof AttuneError) return `${error.code}  ${error.sentence}`;
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}

function linesOf(error: unknown, debug: boolean): string[] {
  const stack = debug && error instanceof Error ? [error.stack ?? ""] : [];
  if (error instanceof AttuneError) {
    return [`error ${ended(sentenceOf(error))}`, ...(error.hint ? [`  Hint: ${ended(error.hint)}`] : []), ...stack];
  }
  return [
    `error E_INTERNAL  ${ended(sentenceOf(error))}`,
    "  Hint: this is a defect of attune; ATTUNE_DEBUG=1 shows where it happened.",
    ...stack,
  ];
}

/** The status for an error that ended a command. */
export function statusOf(failure: unknown, signal: AbortSignal): ExitStatus {
  const [error] = failuresOf(failure);
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
