// Many arbitrary files through one reader, and what came of them.

import * as fc from "fast-check";

/** What came of so many files, sorted; a failure prints the seed and the smallest file that shows it. */
export async function outcomesOf(
  arbitrary: fc.Arbitrary<Uint8Array>,
  { outcome, numRuns, seed }: { outcome: (file: Uint8Array) => Promise<string>; numRuns: number; seed: number },
): Promise<string[]> {
  const seen = new Set<string>();
  const property = fc.asyncProperty(arbitrary, async (file) => void seen.add(await outcome(file)));
  await fc.assert(property, { seed, numRuns });
  return [...seen].sort();
}
