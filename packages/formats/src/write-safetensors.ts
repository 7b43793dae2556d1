// Writing safetensors: tensors stream through one at a time, the same tensors give the same bytes as the format's own library,
// and a file appears under its name only when it is whole and on the disk.

import { AttuneError, baseName, folderOf, joinPath, show, type Files } from "@attune/core";
import { bytesPerElement, dtypeNames, type Dtype } from "./dtype.ts";
import { LENGTH_BYTES } from "./safetensors-header.ts";
import { placeOf, type SafetensorsFile } from "./weights-file.ts";

type MaybePromise<T> = T | Promise<T>;

/** A tensor to write. `data` are its row-major elements as the dtype stores them; a function is called when its turn comes. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView | (() => MaybePromise<ArrayBufferView>);
}

/** How a file is written. */
export interface WriteOptions {
  /** In the header; `{format: "pt"}` unless told, without which some readers refuse a file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Splits `model.safetensors` into `model-00001-of-0000N.safetensors` and an index when the tensors are larger than this. */
  readonly maxShardBytes?: number;
}

/**
 * Writes tensors, sorted as the format's own library sorts them, and returns the paths written (the index last).
 * Errors: E_SAFETENSORS_DUPLICATE, E_SAFETENSORS_NAME, E_SAFETENSORS_SHAPE (data and shape disagree), E_FILE.
 */
export async function writeSafetensors(
  files: Files,
  path: string,
  tensors: Iterable<TensorToWrite>,
  options: WriteOptions = {},
): Promise<string[]> {
  const sorted = sortTensors(tensors, path);
  const shards = splitIntoShards(sorted, options.maxShardBytes ?? Infinity);
  const metadata = options.metadata ?? { format: "pt" };
  if (shards.length <= 1) {
    await writeFile(files, path, sorted, metadata);
    return [path];
  }
  const names = shards.map((_, i) => shardName(path, i + 1, shards.length));
  for (const [i, shard] of shards.entries()) await writeFile(files, joinPath(folderOf(path), names[i]), shard, metadata);
  const index = `${path}.index.json`;
  await files.write(index, indexOf(shards, names));
  // Readers prefer the single file, so one left from before would hide the shards.
  await files.remove(path);
  return [...names.map((name) => joinPath(folderOf(path), name)), index];
}

/** The tensors of an open file, to be written again as they are. */
export function tensorsOf(file: SafetensorsFile): TensorToWrite[] {
  return file.names.map((name) => {
    const { dtype, shape } = file.info(name);
    return { name, dtype, shape, data: async () => (await file.read(name)).data };
  });
}

/** Wider types first, then by name: no tensor is misaligned in its file. */
function sortTensors(tensors: Iterable<TensorToWrite>, path: string): TensorToWrite[] {
  const sorted = [...tensors].sort(
    (a, b) => dtypeNames.indexOf(b.dtype) - dtypeNames.indexOf(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const names = new Set<string>();
  for (const { name } of sorted) {
    const place = placeOf(path, name);
    if (name === "__metadata__")
      throw new AttuneError({ code: "E_SAFETENSORS_NAME", place, problem: "is a name that the format keeps for itself" });
    if (names.has(name)) throw new AttuneError({ code: "E_SAFETENSORS_DUPLICATE", place, problem: "is given twice" });
    names.add(name);
  }
  return sorted;
}

function byteSize({ dtype, shape }: TensorToWrite): number {
  return shape.reduce((size, dimension) => size * dimension, bytesPerElement(dtype));
}

/** Fills shards in order; a tensor larger than the limit has a shard of its own. */
function splitIntoShards(tensors: readonly TensorToWrite[], maxBytes: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const size = byteSize(tensor);
    if (shards.length === 0 || size > room) {
      shards.push([]);
      room = maxBytes;
    }
    shards.at(-1)!.push(tensor);
    room -= size;
  }
  return shards;
}

function shardName(path: string, number: number, count: number): string {
  const [part, whole] = [number, count].map((n) => String(n).padStart(5, "0"));
  return `${baseName(path).replace(/\.safetensors$/, "")}-${part}-of-${whole}.safetensors`;
}

function indexOf(shards: readonly TensorToWrite[][], names: readonly string[]): string {
  const map = shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]] as const)).sort(([a], [b]) => (a < b ? -1 : 1));
  const total = shards.flat().reduce((sum, tensor) => sum + byteSize(tensor), 0);
  return `${JSON.stringify({ metadata: { total_size: total }, weight_map: Object.fromEntries(map) }, null, 2)}\n`;
}

async function writeFile(files: Files, path: string, tensors: readonly TensorToWrite[], metadata: Record<string, string>): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    {
      await using file = await files.open(temporary, "write");
      const header = headerOf(tensors, metadata);
      await file.write(0, header);
      let offset = header.length;
      for (const tensor of tensors) {
        const bytes = await bytesOf(tensor, path);
        await file.write(offset, bytes);
        offset += bytes.length;
      }
      await file.sync();
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary);
    throw error;
  }
}

/** Length and JSON, padded with spaces so that the data starts on eight bytes. Written by hand: objects would reorder names like "0". */
function headerOf(tensors: readonly TensorToWrite[], metadata: Record<string, string>): Uint8Array {
  const fields: string[] = [];
  const pairs = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length > 0)
    fields.push(`"__metadata__":{${pairs.map((pair) => pair.map((text) => JSON.stringify(text)).join(":")).join(",")}}`);
  let begin = 0;
  for (const tensor of tensors) {
    const end = begin + byteSize(tensor);
    const { name, dtype, shape } = tensor;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES;
  const header = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, LENGTH_BYTES);
  return header;
}

async function bytesOf(tensor: TensorToWrite, path: string): Promise<Uint8Array> {
  const data = typeof tensor.data === "function" ? await tensor.data() : tensor.data;
  const expected = byteSize(tensor);
  if (data.byteLength === expected) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const shape = `${tensor.dtype} ${show(tensor.shape)}`;
  const place = placeOf(path, tensor.name);
  throw new AttuneError({ code: "E_SAFETENSORS_SHAPE", place, expected: `${expected} bytes for ${shape}`, got: String(data.byteLength) });
}
