// Vectors on disk by what they were made from, so that a second run encodes nothing and a killed one goes on. Adding is appending: shards are whole
// files that are written once, so processes may share a cache. It is never cleared here.

import { joinPath, silentLog, type Files, type Log } from "@attune/core";
import { WideMap } from "@attune/search";
import { checkedHashes, encodeShard, vectorBytes, vectorDecoder, vectorsAt, type ShardLayout, type StoredType } from "./cache-shard.ts";
import { hashText, hashUnits } from "./text-hash.ts";
import { runsOf } from "./vectors.ts";

/** What a vector depends on besides its text. */
export interface CacheKey {
  /** Hash or name of everything that shapes the vectors: weights, pooling, maximum length, precision of the computation. */
  readonly model: string;
  /** The text that is put before each text; "" for none. */
  readonly prompt: string;
  /** D */
  readonly dimension: number;
  /** How vectors are stored; f16 halves the files, at 11 bits of each number. */
  readonly stored?: StoredType;
}

export interface CacheOptions {
  readonly files: Files;
  readonly folder: string;
  readonly log?: Log;
}

export interface EmbeddingCache {
  /** The place of a text's vector, or undefined. */
  find(text: string): number | undefined;
  /** Writes a shard with the vectors [n D] of some texts; they can be found when it returns. */
  add(texts: readonly string[], vectors: Float32Array): Promise<void>;
  /** The vectors at some places, in their order, [n D]. */
  read(places: ArrayLike<number>): Promise<Float32Array>;
  /** Damaged shards that were removed on opening. */
  readonly damaged: number;
}

interface StoredShard {
  readonly path: string;
  readonly rows: number;
  /** Place of its first vector. */
  readonly first: number;
}

/**
 * Opens the cache of a key in a folder of many. Every shard is read once and compared with its checksum; a damaged one is removed with a warning,
 * and its texts are not found any more. E_FILE.
 */
export async function openEmbeddingCache(key: CacheKey, { files, folder, log = silentLog }: CacheOptions): Promise<EmbeddingCache> {
  const layout: ShardLayout = { dimension: key.dimension, stored: key.stored ?? "f32" };
  const description = JSON.stringify({ model: key.model, prompt: key.prompt, ...layout }, undefined, 2);
  const home = joinPath(folder, nameOf(description));
  await files.makeFolder(home);
  if (!(await files.status(joinPath(home, "key.json")))) await files.write(joinPath(home, "key.json"), description);
  const places = new WideMap<string, number>();
  const shards: StoredShard[] = [];
  let size = 0;
  let damaged = 0;
  const register = (path: string, hashes: readonly string[]): void => {
    hashes.forEach((hash, i) => places.has(hash) || places.set(hash, size + i));
    shards.push({ path, rows: hashes.length, first: size });
    size += hashes.length;
  };
  for (const name of (await files.list(home)).filter((one) => one.endsWith(EXTENSION))) {
    const path = joinPath(home, name);
    const hashes = await checkedHashes(await files.read(path), layout);
    if (hashes) register(path, hashes);
    else {
      damaged++;
      log.warn(`${path} is damaged (its checksum differs): removed, its texts are encoded again`);
      await files.remove(path);
    }
  }
  return {
    find: (text) => places.get(hashText(text)),
    async add(texts, vectors) {
      const hashes = texts.map(hashText);
      // Sorted names keep the order of writing; the random part keeps processes that share the cache apart.
      const path = joinPath(home, `${String(shards.length).padStart(6, "0")}-${crypto.randomUUID().slice(0, 8)}${EXTENSION}`);
      await files.write(path, await encodeShard({ hashes, vectors }, layout));
      register(path, hashes);
    },
    read: (wanted) => readPlaces(files, shards, wanted, layout),
    get damaged() {
      return damaged;
    },
  };
}

const EXTENSION = ".vectors";

function nameOf(description: string): string {
  return hashUnits(hashText(description))
    .map((unit) => unit.toString(16).padStart(4, "0"))
    .join("");
}

/** Opens each shard that is needed once. */
async function readPlaces(
  files: Files,
  shards: readonly StoredShard[],
  wanted: ArrayLike<number>,
  layout: ShardLayout,
): Promise<Float32Array> {
  const { dimension } = layout;
  const bytesPer = vectorBytes(layout);
  const decode = vectorDecoder(layout);
  const vectors = new Float32Array(wanted.length * dimension);
  const positions = Map.groupBy(Array(wanted.length).keys(), (i) => shardOf(shards, wanted[i]));
  for (const [shard, inShard] of positions) {
    await using file = await files.open(shard.path, "read");
    const rows = inShard.map((i) => wanted[i] - shard.first);
    for (const { first, count, members } of runsOf(rows)) {
      const found = decode(await file.read(vectorsAt(shard.rows) + first * bytesPer, count * bytesPer)); // [count D]
      for (const member of members) {
        const from = (rows[member] - first) * dimension;
        vectors.set(found.subarray(from, from + dimension), inShard[member] * dimension);
      }
    }
  }
  return vectors;
}

/** The shard that holds a place: the last one that begins at or before it. */
function shardOf(shards: readonly StoredShard[], place: number): StoredShard {
  let [low, high] = [0, shards.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (shards[middle].first <= place) low = middle;
    else high = middle - 1;
  }
  return shards[low];
}
