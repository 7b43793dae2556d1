// Buckets of relative positions, from which T5 and MPNet look up an additive attention bias.

/**
 * The bucket of `relative` = key position − query position: one each for short distances, logarithmically wider ones up to `maxDistance`, the
 * last for all beyond; half of the `buckets` for either side. Semantics of MPNet's `relative_position_bucket`.
 */
export function relativePositionBucket(relative: number, { buckets, maxDistance }: { buckets: number; maxDistance: number }): number {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const side = relative > 0 ? half : 0;
  const distance = Math.abs(relative);
  if (distance < exact) return side + distance;
  const steps = Math.fround(Math.fround(Math.log(distance / exact)) / Math.log(maxDistance / exact)) * (half - exact); // float32, as where the tables were trained
  return side + Math.min(half - 1, exact + Math.floor(steps));
}
