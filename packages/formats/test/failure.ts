import { AttuneError } from "@attune/core";
import { expect } from "vitest";

/** The AttuneError that `work` fails with. */
export async function failure(work: Promise<unknown>): Promise<AttuneError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AttuneError);
  return error as AttuneError;
}
