// What is said about a row that cannot be used: file, line and key, what was expected, what came.

import { AttuneError } from "@attune/core";

/** Receives the E_ROW of each bad row. It throws to stop, or returns to go on without the row. */
export type OnBadRow = (error: AttuneError) => void;

/** What went wrong in a line of a file. */
export interface RowProblem {
  /** The key, as the file spells it; left out when the whole line is meant. */
  readonly key?: string;
  readonly expected: string;
  readonly got: string;
}

/** Stops at the first bad row, for files that are taken whole or not at all. */
export function stopAtBadRow(error: AttuneError): never {
  throw error;
}

/** E_ROW with the place `file:line "key"`. Whether the row can be left out is known, and told, by whoever takes the error. */
export function rowError(path: string, line: number, { key, expected, got }: RowProblem): AttuneError {
  const place = `${path}:${line}${key === undefined ? "" : ` ${JSON.stringify(key)}`}`;
  return new AttuneError({ code: "E_ROW", place, expected, got });
}

/** Runs `read`; its E_ROW goes to `onBadRow` and the answer is undefined, other errors pass. */
export function attempt<T>(onBadRow: OnBadRow, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AttuneError && error.code === "E_ROW")) throw error;
    onBadRow(error);
    return undefined;
  }
}
