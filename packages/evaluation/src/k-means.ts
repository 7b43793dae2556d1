// Mini-batch k-means (Sculley 2010) with k-means++ seeding: enough for tens of thousands of embeddings, one seed, one result.

import { createPace, createRandom, type Pace } from "@attune/core";

export interface KMeansOptions {
  readonly clusters: number;
  /** D */
  readonly dimension: number;
  readonly seed: number;
  /** Texts per update. */
  readonly batch?: number;
  /** Passes over as many texts as there are. */
  readonly passes?: number;
  /** Starts, of which the one with the smallest inertia is kept. */
  readonly starts?: number;
  /** Heard about ten times a second; rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** The cluster of each vector [N] of x [N D]. */
export async function miniBatchKMeans(x: Float32Array, { starts = 3, signal, ...options }: KMeansOptions): Promise<Int32Array> {
  const pace = createPace(signal);
  signal?.throwIfAborted();
  let best: Assignment | undefined;
  for (let start = 0; start < starts; start++) {
    const found = await oneStart(x, { ...options, start, pace });
    if (!best || found.inertia < best.inertia) best = found;
  }
  return best!.clusters;
}

interface Assignment {
  readonly clusters: Int32Array;
  /** Σ of squared distances to the nearest centre. */
  readonly inertia: number;
}

async function oneStart(
  x: Float32Array,
  {
    clusters,
    dimension,
    seed,
    start,
    batch = 500,
    passes = 20,
    pace,
  }: Omit<KMeansOptions, "starts" | "signal"> & { start: number; pace: Pace },
): Promise<Assignment> {
  const count = x.length / dimension;
  const random = createRandom(seed, `k-means/${start}`);
  const centres = await spread(x, { clusters, dimension, uniform: () => random.uniform(), pace });
  const seen = new Float64Array(clusters);
  const updates = Math.ceil((passes * count) / Math.min(batch, count));
  for (let update = 0; update < updates; update++) {
    for (let i = 0; i < Math.min(batch, count); i++) {
      if (pace.due) await pace.pause();
      const row = rowOf(x, Math.floor(random.uniform() * count), dimension);
      const { cluster } = nearest(centres, row);
      const rate = 1 / ++seen[cluster];
      const centre = centres.subarray(cluster * dimension, (cluster + 1) * dimension);
      for (let d = 0; d < dimension; d++) centre[d] += rate * (row[d] - centre[d]);
    }
  }
  return assign(x, centres, { dimension, pace });
}

/** k-means++: each next centre is a vector, drawn by its squared distance to the centres so far. */
async function spread(
  x: Float32Array,
  { clusters, dimension, uniform, pace }: { clusters: number; dimension: number; uniform: () => number; pace: Pace },
): Promise<Float64Array> {
  const count = x.length / dimension;
  const centres = new Float64Array(clusters * dimension);
  const distances = new Float64Array(count).fill(Infinity);
  let chosen = Math.floor(uniform() * count);
  for (let c = 0; c < clusters; c++) {
    if (pace.due) await pace.pause();
    const centre = rowOf(x, chosen, dimension);
    centres.set(centre, c * dimension);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += distances[i] = Math.min(distances[i], squaredDistance(rowOf(x, i, dimension), centre));
    let left = uniform() * sum;
    chosen = distances.findIndex((distance) => (left -= distance) < 0);
    if (chosen < 0) chosen = Math.floor(uniform() * count); // all vectors are centres already
  }
  return centres;
}

async function assign(x: Float32Array, centres: Float64Array, { dimension, pace }: { dimension: number; pace: Pace }): Promise<Assignment> {
  let inertia = 0;
  const clusters = new Int32Array(x.length / dimension);
  for (let i = 0; i < clusters.length; i++) {
    if (pace.due) await pace.pause();
    const { cluster, distance } = nearest(centres, rowOf(x, i, dimension));
    inertia += distance;
    clusters[i] = cluster;
  }
  return { clusters, inertia };
}

function nearest(centres: Float64Array, row: Float32Array): { cluster: number; distance: number } {
  let best = { cluster: 0, distance: Infinity };
  for (let cluster = 0; cluster < centres.length / row.length; cluster++) {
    const distance = squaredDistance(row, centres.subarray(cluster * row.length, (cluster + 1) * row.length));
    if (distance < best.distance) best = { cluster, distance };
  }
  return best;
}

const rowOf = (x: Float32Array, row: number, dimension: number): Float32Array => x.subarray(row * dimension, (row + 1) * dimension);

function squaredDistance(a: Float32Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d] - b[d]) ** 2;
  return sum;
}
