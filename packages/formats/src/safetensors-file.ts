// Reading safetensors: headers at once, tensors when asked for, one file or many shards behind one set of names.
// Nothing stays open between calls, and no more is allocated than a tensor's bytes and its f32 values.

import { AttuneError, folderOf, joinPath, nearestName, show, type Files } from "@attune/core";
import { bytesPerElement, isFloat, toElements, toF32, type Dtype, type TensorData } from "./dtype.ts";
import {
  headerLength,
  INCOMPLETE,
  LENGTH_BYTES,
  parseHeader,
  placeOf,
  type SafetensorsHeader,
  type TensorInfo,
} from "./safetensors-header.ts";

/** A tensor as it lies in the file. */
export interface TensorValue {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Row-major; F16 and BF16 are their 16 bits, BOOL and F8 bytes. */
  readonly data: TensorData;
}

/** The tensors of one safetensors file or of all shards of a model. */
export interface SafetensorsFile {
  readonly paths: readonly string[];
  /** In the order of the files and of the offsets in them. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** E_SAFETENSORS_NAME with the nearest name when there is no such tensor. */
  info(name: string): TensorInfo;
  /** As stored. */
  read(name: string): Promise<TensorValue>;
  /** F64, F32, F16 and BF16 as f32; E_SAFETENSORS_DTYPE for all others. */
  readF32(name: string): Promise<Float32Array>;
}

/** Elements that are converted at a time. */
const CONVERT_ELEMENTS = 1 << 18;

/**
 * Opens a `.safetensors` file, several, or the `.safetensors.index.json` of a sharded model, and checks all headers.
 * Errors: E_NO_FILE, E_FILE, and E_SAFETENSORS_… with the file and the tensor.
 */
export async function openSafetensors(files: Files, path: string | readonly string[]): Promise<SafetensorsFile> {
  if (typeof path !== "string") return openShards(files, path);
  return path.endsWith(".json") ? openIndex(files, path) : openShards(files, [path]);
}

async function openShards(files: Files, paths: readonly string[]): Promise<SafetensorsFile> {
  const tensors = new Map<string, TensorInfo>();
  const metadata: Record<string, string> = {};
  for (const path of paths) {
    const header = await readHeader(files, path);
    Object.assign(metadata, header.metadata);
    for (const [name, info] of header.tensors) {
      const problem = `is also in ${tensors.get(name)?.path}`;
      if (tensors.has(name)) throw new AttuneError({ code: "E_SAFETENSORS_DUPLICATE", place: placeOf(path, name), problem });
      tensors.set(name, info);
    }
  }
  return fileOf(files, paths, tensors, metadata);
}

/** A sharded model: `{"weight_map": {tensor: file}}` beside its shards. */
async function openIndex(files: Files, path: string): Promise<SafetensorsFile> {
  const map = parseIndex(await files.readText(path), path);
  const shards = [...new Set(Object.values(map))].sort();
  const file = await openShards(
    files,
    shards.map((shard) => joinPath(folderOf(path), shard)),
  );
  const known = new Set(file.names);
  for (const [name, shard] of Object.entries(map)) {
    if (known.has(name) && file.info(name).path.endsWith(`/${shard}`)) continue;
    throw indexError(placeOf(path, name), `is not in ${shard}, where the index says it is`);
  }
  return file;
}

function parseIndex(text: string, path: string): Record<string, string> {
  let map: unknown;
  try {
    map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
  } catch (cause) {
    throw indexError(path, `is not JSON: ${(cause as Error).message}`, cause);
  }
  if (typeof map !== "object" || map === null) throw indexError(path, 'has no "weight_map"');
  const outside = Object.entries(map).find(([, file]) => typeof file !== "string" || !/^[^/\\]+\.safetensors$/.test(file));
  if (outside) throw indexError(placeOf(path, outside[0]), `is said to be in ${show(outside[1])}, which is no safetensors file beside it`);
  return map as Record<string, string>;
}

async function readHeader(files: Files, path: string): Promise<SafetensorsHeader> {
  await using file = await files.open(path, "read");
  const size = await file.size();
  const length = headerLength(await file.read(0, LENGTH_BYTES), size, path);
  return parseHeader(await file.read(LENGTH_BYTES, length), size, path);
}

function fileOf(
  files: Files,
  paths: readonly string[],
  tensors: ReadonlyMap<string, TensorInfo>,
  metadata: Record<string, string>,
): SafetensorsFile {
  const info = (name: string): TensorInfo => tensors.get(name) ?? unknownTensor(paths, name, tensors.keys());
  return {
    paths,
    names: [...tensors.keys()],
    metadata,
    info,
    async read(name) {
      const { dtype, shape, bytes } = info(name);
      return { dtype, shape, data: toElements(dtype, await readBytes(files, info(name), name, 0, bytes)) };
    },
    readF32: async (name) => readAsF32(files, info(name), name),
  };
}

async function readBytes(files: Files, info: TensorInfo, name: string, from: number, length: number): Promise<Uint8Array> {
  await using file = await files.open(info.path, "read");
  const bytes = await file.read(info.offset + from, length);
  if (bytes.length === length) return bytes;
  const place = placeOf(info.path, name);
  throw new AttuneError({ code: "E_SAFETENSORS_TRUNCATED", place, problem: "became shorter since it was opened", hint: INCOMPLETE });
}

/** Converts piece by piece, so that the file's bytes and the values are never both in memory as a whole. */
async function readAsF32(files: Files, info: TensorInfo, name: string): Promise<Float32Array> {
  const { dtype } = info;
  if (dtype === "F32") return toElements(dtype, await readBytes(files, info, name, 0, info.bytes)) as Float32Array;
  if (!isFloat(dtype)) {
    const expected = "F64, F32, F16 or BF16";
    throw new AttuneError({ code: "E_SAFETENSORS_DTYPE", place: placeOf(info.path, name), expected, got: dtype });
  }
  const size = bytesPerElement(dtype);
  const out = new Float32Array(info.bytes / size);
  for (let at = 0; at < out.length; at += CONVERT_ELEMENTS) {
    const count = Math.min(CONVERT_ELEMENTS, out.length - at);
    toF32(dtype, toElements(dtype, await readBytes(files, info, name, at * size, count * size)), out.subarray(at, at + count));
  }
  return out;
}

/** Throws E_SAFETENSORS_NAME with the nearest known name. */
export function unknownTensor(paths: readonly string[], name: string, known: Iterable<string>): never {
  const nearest = nearestName(name, known);
  const hint = nearest && `did you mean ${show(nearest, 200)}?`;
  throw new AttuneError({ code: "E_SAFETENSORS_NAME", place: paths.join(", "), problem: `has no tensor ${show(name, 200)}`, hint });
}

function indexError(place: string, problem: string, cause?: unknown): AttuneError {
  const hint = "download the model's index and shards again";
  return new AttuneError({ code: "E_SAFETENSORS_INDEX", place, problem, hint, cause });
}
