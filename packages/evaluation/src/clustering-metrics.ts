// How far clusters agree with classes, whatever their numbers.

export interface ClusterScores {
  readonly homogeneity: number;
  readonly completeness: number;
  readonly v_measure: number;
  readonly adjusted_rand: number;
}

/**
 * Homogeneity, completeness, their harmonic mean (beta 1, which is the arithmetic normalised mutual information too) and the adjusted Rand
 * index. Semantics of sklearn: a single class or cluster is homogeneous or complete by itself.
 * @see Rosenberg and Hirschberg 2007, "V-Measure"
 */
export function clusterMetrics(classes: ArrayLike<number>, clusters: ArrayLike<number>): ClusterScores {
  const count = classes.length;
  const table = new Map<number, Map<number, number>>(); // class -> cluster -> texts
  const [ofClass, ofCluster] = [new Map<number, number>(), new Map<number, number>()];
  const bump = (map: Map<number, number>, key: number) => map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < count; i++) {
    bump(ofClass, classes[i]);
    bump(ofCluster, clusters[i]);
    if (!table.has(classes[i])) table.set(classes[i], new Map());
    bump(table.get(classes[i])!, clusters[i]);
  }
  let information = 0;
  for (const [label, row] of table)
    for (const [cluster, both] of row)
      information += (both / count) * Math.log((both * count) / (ofClass.get(label)! * ofCluster.get(cluster)!));
  const [classEntropy, clusterEntropy] = [entropy(ofClass, count), entropy(ofCluster, count)];
  const homogeneity = classEntropy === 0 ? 1 : information / classEntropy;
  const completeness = clusterEntropy === 0 ? 1 : information / clusterEntropy;
  const sum = homogeneity + completeness;
  const v_measure = sum === 0 ? 0 : (2 * homogeneity * completeness) / sum;
  const cells = [...table.values()].flatMap((row) => [...row.values()]);
  return { homogeneity, completeness, v_measure, adjusted_rand: adjustedRand(cells, ofClass, ofCluster, count) };
}

function entropy(sizes: ReadonlyMap<number, number>, count: number): number {
  let sum = 0;
  for (const size of sizes.values()) sum -= (size / count) * Math.log(size / count);
  return sum;
}

/** Pairs that both groupings put together, corrected for chance; 1 where there is nothing to disagree on. */
function adjustedRand(
  cells: readonly number[],
  ofClass: ReadonlyMap<number, number>,
  ofCluster: ReadonlyMap<number, number>,
  count: number,
): number {
  const pairs = (sizes: Iterable<number>): number => {
    let sum = 0;
    for (const size of sizes) sum += (size * (size - 1)) / 2;
    return sum;
  };
  const [both, inClass, inCluster, all] = [pairs(cells), pairs(ofClass.values()), pairs(ofCluster.values()), pairs([count])];
  const expected = all === 0 ? 0 : (inClass * inCluster) / all;
  const largest = (inClass + inCluster) / 2;
  return largest === expected ? 1 : (both - expected) / (largest - expected);
}
