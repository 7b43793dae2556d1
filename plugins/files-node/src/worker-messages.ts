// What crosses between a thread and its owner. Errors are taken apart and put together again, because a structured clone keeps only an Error's name, message and stack.

import { AttuneError } from "@attune/core";

/** Owner -> thread; the first message names the module instead. */
export type ToWorker = { readonly id: number; readonly request: unknown };

/** Thread -> owner; id -1 answers the loading of the module. */
export type FromWorker = { readonly id: number } & ({ readonly response: unknown } | { readonly error: PackedError });

/** What a worker module exports as `handle`. */
export type Handle = (request: unknown) => Promise<{ response: unknown; transfer?: ArrayBufferLike[] }>;

/** An error as plain data. */
export interface PackedError {
  readonly message: string;
  readonly stack?: string;
  /** The AttuneError's own fields. */
  readonly attune?: Pick<AttuneError, "code" | "place" | "expected" | "got" | "hint" | "problem">;
}

/** Any thrown value as plain data. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack } = error;
  if (error.name !== "AttuneError") return { message, stack };
  const { code, place, expected, got, hint, problem } = error as AttuneError;
  return { message, stack, attune: { code, place, expected, got, hint, problem } };
}

/** An AttuneError with the same fields, or a plain Error with the thread's message and stack. */
export function unpackError(packed: PackedError): Error {
  const { message, stack, attune } = packed;
  if (!attune) return Object.assign(new Error(message), stack !== undefined && { stack });
  const error = new AttuneError({ code: attune.code });
  return Object.assign(error, attune, { message }, stack !== undefined && { stack });
}
