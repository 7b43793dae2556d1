// Many texts through a model, batch by batch, with what every such loop needs: texts of like length together, the next batch enqueued while the
// device computes the one before, results in input order. What a batch is turned into is the caller's.

import type { Engine, PackedTokens, Tensor } from "@attune/tensor";

/** Some of many texts, as one packed batch. */
export interface InferenceBatch {
  readonly tokens: PackedTokens;
  /** Where the result of each text goes. */
  readonly rows: readonly number[];
}

/** How batches are run. */
export interface InferenceOptions {
  /** N: rows of the result. */
  readonly rows: number;
  /** Values per row. */
  readonly width: number;
  /** A batch to [B width]; called in a scope that records no gradients. */
  forward(tokens: PackedTokens): Tensor;
  /** Stops between batches, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after each batch, in rows. */
  onProgress?(done: number, total: number): void;
}

/** Batches that may wait to be read. */
const AHEAD = 4;

/** The results of all batches, [N width] by their rows. When it fails, nothing is left to run and what was made is freed. */
export async function inferRows(
  engine: Engine,
  batches: Iterable<InferenceBatch>,
  { rows, width, forward, signal, onProgress }: InferenceOptions,
): Promise<Float32Array> {
  const all = new Float32Array(rows * width);
  const pending: Promise<void>[] = [];
  let done = 0;
  try {
    for (const batch of batches) {
      signal?.throwIfAborted();
      const result = engine.noGradient(() => engine.scope(() => forward(batch.tokens)));
      const read = collect(result, batch.rows, width, all).then(() => {
        done += batch.rows.length;
        onProgress?.(done, rows);
      });
      read.catch(() => {}); // it is awaited below, but may fail before that
      pending.push(read);
      await engine.backend.throttle();
      if (pending.length > AHEAD) await pending.shift();
    }
    await Promise.all(pending);
    return all;
  } finally {
    await Promise.allSettled(pending);
  }
}

/** Texts that are tokenised and sorted together. */
const WINDOW = 2048;
const BATCH_TOKENS = 8192;

/**
 * Batches of at most `batchTokens` tokens (or one longer text) over `count` texts: sorted by length within a window, so that a batch holds texts of
 * like length. `tokenize` packs the texts from `start` up to, not including, `end`.
 */
export function* batchesByLength(
  count: number,
  tokenize: (start: number, end: number) => PackedTokens,
  batchTokens = BATCH_TOKENS,
): Generator<InferenceBatch> {
  for (let start = 0; start < count; start += WINDOW) {
    const packed = tokenize(start, Math.min(start + WINDOW, count));
    for (const rows of rowsByLength(packed, batchTokens)) yield { tokens: pickTexts(packed, rows), rows: rows.map((row) => start + row) };
  }
}

/** The texts of each batch, longest first. */
function* rowsByLength({ cuSeqlens }: PackedTokens, batchTokens: number): Generator<number[]> {
  const lengthOf = (i: number): number => cuSeqlens[i + 1] - cuSeqlens[i];
  const order = Array.from({ length: cuSeqlens.length - 1 }, (_, i) => i).sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  for (let at = 0; at < order.length;) {
    let end = at;
    for (let tokens = 0; end < order.length; end++) {
      tokens += lengthOf(order[end]);
      if (end > at && tokens > batchTokens) break;
    }
    yield order.slice(at, end);
    at = end;
  }
}

/** The chosen texts of a packed batch, in the given order. */
function pickTexts({ ids, typeIds, cuSeqlens, promptLengths }: PackedTokens, rows: readonly number[]): PackedTokens {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => (offsets[i + 1] = offsets[i] + cuSeqlens[row + 1] - cuSeqlens[row]));
  const pick = (values: Int32Array): Int32Array => {
    const picked = new Int32Array(offsets[rows.length]);
    rows.forEach((row, i) => picked.set(values.subarray(cuSeqlens[row], cuSeqlens[row + 1]), offsets[i]));
    return picked;
  };
  return {
    ids: pick(ids),
    ...(typeIds && { typeIds: pick(typeIds) }),
    cuSeqlens: offsets,
    maxLength: Math.max(0, ...rows.map((_, i) => offsets[i + 1] - offsets[i])),
    ...(promptLengths && { promptLengths: Int32Array.from(rows, (row) => promptLengths[row]) }),
  };
}

/** Reads a batch's values to their places, and frees them. */
async function collect(values: Tensor, rows: readonly number[], width: number, all: Float32Array): Promise<void> {
  using read = values;
  const found = await read.read();
  rows.forEach((row, i) => all.set(found.subarray(i * width, (i + 1) * width), row * width));
}
