// Whether there is a base to compare with, and which troubles are the change's own. A comparison that was wanted and did not take place fails; what
// is left out says why: nobody wanted it, there is no earlier commit, or the base, which no change can mend, does not run here.

import { defaultBase, prepareBase } from "./base.ts";
import type { Base } from "./base.ts";
import { BaseCannotRun, compare } from "./compare.ts";
import type { Outcome } from "./compare.ts";

/** What a comparison is made of, for tests that need no other checkout. */
export interface Steps {
  defaultBase(): Promise<string | undefined>;
  prepareBase(name: string): Promise<Base>;
  compare(base: Base): Promise<Outcome>;
}

export type Compared = (Outcome & { readonly commit: string }) | { readonly skipped: string };

/**
 * Compares with the commit `asked`, or with the one that this branch began from. Throws when a named base cannot be made ready, and whenever this
 * checkout fails. Skipped: "none"; no earlier commit; a base that nobody named and that cannot be made ready; a base that cannot run today's benchmarks.
 */
export async function againstBase(
  asked: string | undefined,
  { defaultBase: choose, prepareBase: prepare, compare: run }: Steps = { defaultBase, prepareBase, compare },
): Promise<Compared> {
  if (asked === "none") return { skipped: "no base was wanted" };
  const name = asked ?? (await choose());
  if (!name) return { skipped: "this checkout has no earlier commit" };
  let base: Base;
  try {
    base = await prepare(name);
  } catch (error) {
    if (asked !== undefined) throw error;
    return { skipped: `the base ${name.slice(0, 12)} cannot be made ready here: ${(error as Error).message}` };
  }
  try {
    return { commit: base.commit, ...(await run(base)) };
  } catch (error) {
    if (error instanceof BaseCannotRun) return { skipped: error.message };
    throw error;
  }
}
