// Could two models have swapped places on these queries? A paired randomisation test.

import { AttuneError, createRandom } from "@attune/core";

/**
 * The two-sided p-value of the mean difference of paired per-query values: the share of random sign flips that give a difference at least as
 * large, the observed one counted in. E_SHAPE for lists of different lengths or none.
 * @see Smucker, Allan and Carterette 2007, "A comparison of statistical significance tests for information retrieval evaluation"
 */
export function randomisationTest(
  base: ArrayLike<number>,
  tuned: ArrayLike<number>,
  { seed, samples = 10_000 }: { readonly seed: number; readonly samples?: number },
): number {
  if (base.length === 0 || tuned.length !== base.length) {
    throw new AttuneError({
      code: "E_SHAPE",
      place: "randomisation test",
      expected: "as many tuned values as base values",
      got: `${tuned.length} and ${base.length}`,
    });
  }
  const differences = Float64Array.from(base, (value, i) => tuned[i] - value).filter((difference) => difference !== 0);
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  const random = createRandom(seed, "randomisation");
  let asLarge = 1;
  for (let sample = 0; sample < samples; sample++) {
    let sum = 0;
    let word = 0;
    for (let i = 0; i < differences.length; i++) {
      if (i % 32 === 0) word = random.word();
      sum += (word >>> (i % 32)) & 1 ? differences[i] : -differences[i];
    }
    if (Math.abs(sum) >= observed * (1 - 1e-12)) asLarge++;
  }
  return asLarge / (samples + 1);
}
