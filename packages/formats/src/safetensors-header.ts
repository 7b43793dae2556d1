// The header of a safetensors file, with every check of the format: after it, offsets can be trusted. It sees bytes, never a file system.
// Follows the format's own library: the tensors cover the rest of the file without gaps, overlaps or leftovers.

import { AttuneError, show } from "@attune/core";
import { bytesPerElement, dtypeNames, isDtype } from "./dtype.ts";
import { duplicateKey } from "./duplicate-key.ts";
import { INCOMPLETE, placeOf, type TensorInfo } from "./weights-file.ts";

/** A checked header. */
export interface SafetensorsHeader {
  /** In the order of their offsets. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of the length that a file starts with. */
export const LENGTH_BYTES = 8;

/** The limit of the format's own library. */
const MAX_HEADER_BYTES = 100_000_000;

const MALFORMED = "the file is damaged or was not written by a safetensors library: make or download it again";

/** The header's length from a file's first eight bytes (fewer where the file is shorter). E_SAFETENSORS_TRUNCATED, E_SAFETENSORS_HEADER. */
export function headerLength(start: Uint8Array, fileBytes: number, path: string): number {
  if (start.length < LENGTH_BYTES) throw truncated(path, "at least 8 bytes", String(start.length));
  if (new TextDecoder().decode(start) === "version ") {
    const hint = "run `git lfs pull` in its folder, or download the file itself";
    throw new AttuneError({ code: "E_SAFETENSORS_HEADER", place: path, problem: "is a Git LFS pointer, not the weights", hint });
  }
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) throw malformed(path, "names a header larger than the format allows", String(length));
  if (LENGTH_BYTES + Number(length) > fileBytes) {
    throw truncated(path, `a header of ${length} bytes`, `${fileBytes - LENGTH_BYTES} bytes after its length`);
  }
  return Number(length);
}

/** Parses and checks a header (without its length) against the size of the file. The errors name the file and the tensor. */
export function parseHeader(header: Uint8Array, fileBytes: number, path: string): SafetensorsHeader {
  const json = parseJson(header, path);
  const metadata = parseMetadata(json.__metadata__, path);
  const start = LENGTH_BYTES + header.length;
  const entries = Object.entries(json).filter(([name]) => name !== "__metadata__");
  const parsed = entries.map(([name, entry]) => [name, parseTensor(entry, start, path, name)] as const);
  parsed.sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  checkCoverage(parsed, start, fileBytes, path);
  return { tensors: new Map(parsed), metadata };
}

function parseJson(header: Uint8Array, path: string): Record<string, unknown> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
    json = JSON.parse(text);
  } catch (cause) {
    throw malformed(path, "has a header that is not JSON", (cause as Error).message, cause);
  }
  if (!isRecord(json)) throw malformed(path, "has a header that is not a JSON object", show(json));
  const twice = duplicateKey(text);
  if (twice === undefined) return json;
  throw new AttuneError({ code: "E_SAFETENSORS_DUPLICATE", place: path, problem: `names ${show(twice)} twice`, hint: MALFORMED });
}

function parseMetadata(metadata: unknown, path: string): Record<string, string> {
  if (metadata === undefined) return {};
  if (isRecord(metadata) && Object.values(metadata).every((value) => typeof value === "string")) return metadata as Record<string, string>;
  throw malformed(path, "has metadata that is not an object of strings", show(metadata));
}

function parseTensor(entry: unknown, start: number, path: string, name: string): TensorInfo {
  const place = placeOf(path, name);
  if (!isRecord(entry)) throw malformed(place, "is not described by an object", show(entry));
  const { dtype, shape, data_offsets: range } = entry;
  if (!isDtype(dtype)) {
    const expected = dtypeNames.join(", ");
    throw new AttuneError({ code: "E_SAFETENSORS_DTYPE", place, problem: "has an unknown dtype", expected, got: show(dtype) });
  }
  if (!isSizes(shape)) {
    const expected = "a shape of whole numbers, 0 or more";
    throw new AttuneError({ code: "E_SAFETENSORS_SHAPE", place, expected, got: show(shape), hint: MALFORMED });
  }
  if (!isSizes(range) || range.length !== 2 || range[0] > range[1]) {
    const expected = "data_offsets of two whole numbers, the second not smaller";
    throw new AttuneError({ code: "E_SAFETENSORS_OFFSETS", place, expected, got: show(range), hint: MALFORMED });
  }
  const [begin, end] = range;
  const bytes = shape.reduce((size, dimension) => size * dimension, bytesPerElement(dtype));
  if (bytes !== end - begin) {
    const expected = `${bytes} bytes for ${dtype} [${shape.join(", ")}]`;
    throw new AttuneError({ code: "E_SAFETENSORS_SHAPE", place, expected, got: String(end - begin), hint: MALFORMED });
  }
  return { dtype, shape, path, offset: start + begin, bytes };
}

/** Tensors sorted by offset must follow each other from the header's end to the file's end. */
function checkCoverage(sorted: readonly (readonly [string, TensorInfo])[], start: number, fileBytes: number, path: string): void {
  let end = start;
  let previous = "the header";
  for (const [name, { offset, bytes }] of sorted) {
    const place = placeOf(path, name);
    if (offset < end) throw misplaced(place, `overlaps ${previous}`, end - start, offset - start);
    if (offset > end) throw misplaced(place, `leaves a gap after ${previous}`, end - start, offset - start);
    end = offset + bytes;
    if (end > fileBytes) throw truncated(place, `${bytes} bytes of data`, String(fileBytes - offset));
    previous = show(name);
  }
  if (end === fileBytes) return;
  const problem = `holds ${fileBytes - end} bytes behind the last tensor`;
  throw new AttuneError({ code: "E_SAFETENSORS_OFFSETS", place: path, problem, hint: MALFORMED });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function truncated(place: string, expected: string, got: string): AttuneError {
  return new AttuneError({ code: "E_SAFETENSORS_TRUNCATED", place, problem: "ends too early", expected, got, hint: INCOMPLETE });
}

function malformed(place: string, problem: string, got: string, cause?: unknown): AttuneError {
  return new AttuneError({ code: "E_SAFETENSORS_HEADER", place, problem, got, hint: MALFORMED, cause });
}

function misplaced(place: string, problem: string, expected: number, got: number): AttuneError {
  const hint = MALFORMED;
  return new AttuneError({ code: "E_SAFETENSORS_OFFSETS", place, problem, expected: `offset ${expected}`, got: String(got), hint });
}
