// Named tensors in files, whatever container they lie in: what is known of each, and its elements as stored or as f32.
// Nothing stays open between calls, and no more is allocated than a tensor's elements and one piece of the file.

import { AttuneError, nearestName, show, type Files } from "@attune/core";
import { bytesPerElement, isFloat, toElements, toF32, type Dtype, type TensorData } from "./dtype.ts";
import { spanOf, StorageOrder } from "./strides.ts";

/** Where a tensor lies and what it is. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The file that holds it. */
  readonly path: string;
  /** Of its first element in that file. */
  readonly offset: number;
  /** Of its elements, without gaps between them. */
  readonly bytes: number;
  /** Elements from one index of an axis to the next; left out where the tensor lies row-major and without gaps. */
  readonly strides?: readonly number[];
}

/** A tensor as it lies in the file. */
export interface TensorValue {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Row-major; F16 and BF16 are their 16 bits, BOOL and F8 bytes. */
  readonly data: TensorData;
}

/** The tensors of one file or of all shards of a model: safetensors, or pickled weights behind the same interface. */
export interface SafetensorsFile {
  readonly paths: readonly string[];
  /** In the order of the files, and in each in that of the offsets (pickled weights: of the dictionary). */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** E_SAFETENSORS_NAME with the nearest name when there is no such tensor. */
  info(name: string): TensorInfo;
  /** As stored. */
  read(name: string): Promise<TensorValue>;
  /** F64, F32, F16 and BF16 as f32; E_SAFETENSORS_DTYPE for all others. */
  readF32(name: string): Promise<Float32Array>;
}

/** Elements that are converted or put in order at a time. */
const PIECE_ELEMENTS = 1 << 18;

/** What to do about a file that ends too early. */
export const INCOMPLETE = "the file is incomplete: copy or download it again";

/** The file whose tensors lie where `tensors` says. */
export function weightsFile(
  files: Files,
  paths: readonly string[],
  tensors: ReadonlyMap<string, TensorInfo>,
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsFile {
  const info = (name: string): TensorInfo => tensors.get(name) ?? unknownTensor(paths, name, tensors.keys());
  return {
    paths,
    names: [...tensors.keys()],
    metadata,
    info,
    read: async (name) => {
      const { dtype, shape } = info(name);
      return { dtype, shape, data: await readStored(files, info(name), name) };
    },
    readF32: async (name) => readAsF32(files, info(name), name),
  };
}

async function readStored(files: Files, info: TensorInfo, name: string): Promise<TensorData> {
  const { dtype, bytes, strides } = info;
  if (!strides) return toElements(dtype, await readBytes(files, info, name, 0, bytes));
  const out = toElements(dtype, new Uint8Array(bytes));
  await readPieces(files, info, name, { out, convert: (elements) => elements });
  return out;
}

async function readAsF32(files: Files, info: TensorInfo, name: string): Promise<Float32Array> {
  const { dtype, bytes } = info;
  if (dtype === "F32") return (await readStored(files, info, name)) as Float32Array;
  if (!isFloat(dtype)) {
    const expected = "F64, F32, F16 or BF16";
    throw new AttuneError({ code: "E_SAFETENSORS_DTYPE", place: placeOf(info.path, name), expected, got: dtype });
  }
  const out = new Float32Array(bytes / bytesPerElement(dtype));
  const convert = (elements: TensorData): Float32Array => {
    const values = new Float32Array(elements.length);
    toF32(dtype, elements, values);
    return values;
  };
  await readPieces(files, info, name, { out, convert });
  return out;
}

/** Fills `out` piece by piece, so that the file's bytes and the values are never both in memory as a whole. */
async function readPieces<Data extends TensorData>(
  files: Files,
  info: TensorInfo,
  name: string,
  { out, convert }: { out: Data; convert: (elements: TensorData) => Data },
): Promise<void> {
  const size = bytesPerElement(info.dtype);
  const span = out.length === 0 ? 0 : info.strides ? spanOf(info.shape, info.strides) : out.length;
  const order = info.strides && new StorageOrder(info.shape, info.strides);
  for (let at = 0; at < span; at += PIECE_ELEMENTS) {
    const count = Math.min(PIECE_ELEMENTS, span - at);
    const piece = convert(toElements(info.dtype, await readBytes(files, info, name, at * size, count * size)));
    if (order) order.place(piece, at, out);
    else (out as Float32Array).set(piece as Float32Array, at);
  }
}

async function readBytes(files: Files, info: TensorInfo, name: string, from: number, length: number): Promise<Uint8Array> {
  await using file = await files.open(info.path, "read");
  const bytes = await file.read(info.offset + from, length);
  if (bytes.length === length) return bytes;
  const place = placeOf(info.path, name);
  throw new AttuneError({ code: "E_SAFETENSORS_TRUNCATED", place, problem: "became shorter since it was opened", hint: INCOMPLETE });
}

/** Throws E_SAFETENSORS_NAME with the nearest known name. */
export function unknownTensor(paths: readonly string[], name: string, known: Iterable<string>): never {
  const nearest = nearestName(name, known);
  const hint = nearest && `did you mean ${show(nearest, 200)}?`;
  throw new AttuneError({ code: "E_SAFETENSORS_NAME", place: paths.join(", "), problem: `has no tensor ${show(name, 200)}`, hint });
}

/** A file and one of its tensors, as errors name them. */
export function placeOf(path: string, name: string): string {
  return `${path} ${show(name, 200)}`;
}
