// `pytorch_model.bin`: what torch.save wrote, behind the interface of safetensors. A zip with the pickle of the state dict and one entry per
// storage, or, before torch 1.6, five pickles and the storages one after the other. The pickle is read as data, see torch-state.ts.

import { AttuneError, show, type Files, type OpenFile } from "@attune/core";
import { bytesPerElement } from "./dtype.ts";
import { pickleError } from "./pickle-error.ts";
import { describe, type PickleHost, type PickleValue } from "./pickle-machine.ts";
import { readPickle } from "./pickle.ts";
import { openIndex, openShards } from "./shards.ts";
import { tensorsOf, TorchHost, type StateTensor, type TorchStorage } from "./torch-state.ts";
import { weightsFile, type SafetensorsFile, type TensorInfo } from "./weights-file.ts";
import { contentOffset, isZip, readZip, type ZipEntry } from "./zip-archive.ts";

/** What a file holds, and the first byte of each storage by key. */
interface Archive {
  readonly state: PickleValue;
  readonly offsets: ReadonlyMap<string, number>;
}

/** A pickle of names and numbers is far smaller; what is larger is something else. */
const MOST_PICKLE_BYTES = 1 << 27;
const FIRST_PICKLE_BYTES = 1 << 20;

/** The first of the five pickles of an old file, and the second. */
const OLD_MAGIC = 0x1950a86a20f9469cfc6cn;
const OLD_VERSION = 1001;

/**
 * Opens a `.bin` file of torch.save, several, or the `.bin.index.json` of a sharded model, without executing anything.
 * Errors: E_NO_FILE, E_FILE, and E_PICKLE_… with the file, what it needs or where it is damaged, and the way out.
 */
export async function openPickledWeights(files: Files, path: string | readonly string[]): Promise<SafetensorsFile> {
  const open = (shard: string): Promise<SafetensorsFile> => openFile(files, shard);
  if (typeof path !== "string") return openShards(path, open);
  return path.endsWith(".json") ? openIndex(files, path, ".bin", open) : open(path);
}

async function openFile(files: Files, path: string): Promise<SafetensorsFile> {
  await using file = await files.open(path, "read");
  const { state, offsets } = await readArchive(file);
  const tensors = new Map<string, TensorInfo>();
  for (const [name, tensor] of tensorsOf(state, path)) tensors.set(name, infoOf(tensor, path, offsets.get(tensor.storage.key)!));
  return weightsFile(files, [path], tensors);
}

function infoOf({ storage: { dtype }, offset, shape, strides }: StateTensor, path: string, start: number): TensorInfo {
  const size = bytesPerElement(dtype);
  const bytes = shape.includes(0) ? 0 : shape.reduce((product, axis) => product * axis, size);
  return { dtype, shape, path, offset: start + offset * size, bytes, ...(strides && { strides }) };
}

async function readArchive(file: OpenFile): Promise<Archive> {
  const start = await file.read(0, 8);
  if (isZip(start)) return readZipArchive(file);
  if (start[0] === 0x80 && start[1] <= 5) return readOldArchive(file);
  if (new TextDecoder().decode(start) === "version ") {
    const hint = "run `git lfs pull` in its folder, or download the file itself";
    throw pickleError("E_PICKLE_CONTAINER", file.path, "is a Git LFS pointer, not the weights", hint);
  }
  throw pickleError("E_PICKLE_CONTAINER", file.path, "is no file of torch.save", "make or download it again");
}

async function readZipArchive(file: OpenFile): Promise<Archive> {
  const entries = await readZip(file);
  const [main, ...others] = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (main === undefined || others.length > 0)
    throw pickleError("E_PICKLE_CONTAINER", file.path, "is a zip file, but not one of torch.save");
  const folder = main.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`))
    throw pickleError("E_PICKLE_CONTAINER", file.path, "is a TorchScript program, not weights alone");
  await expectLittleEndian(file, entries, `${folder}byteorder`);
  const host = new TorchHost(file.path);
  const { value } = readPickle(await readEntry(file, entries.get(main)!, main), 0, host, file.path);
  return { state: value, offsets: await locateEntries(file, entries, folder, host.storages.values()) };
}

/** Files before torch 2.1 have no such entry; they were made on little-endian machines, as nearly all are. */
async function expectLittleEndian(file: OpenFile, entries: ReadonlyMap<string, ZipEntry>, name: string): Promise<void> {
  const entry = entries.get(name);
  if (!entry || new TextDecoder().decode(await readEntry(file, entry, name)) === "little") return;
  throw pickleError("E_PICKLE_CONTAINER", file.path, "was written on a big-endian machine");
}

async function readEntry(file: OpenFile, entry: ZipEntry, name: string): Promise<Uint8Array> {
  if (entry.bytes > MOST_PICKLE_BYTES) throw pickleError("E_PICKLE_CONTAINER", file.path, `has ${entry.bytes} bytes of ${show(name)}`);
  return file.read(await contentOffset(file, entry, name), entry.bytes);
}

/** Each storage has an entry of its own; two that overlap would be a small file that holds much. */
async function locateEntries(
  file: OpenFile,
  entries: ReadonlyMap<string, ZipEntry>,
  folder: string,
  storages: Iterable<TorchStorage>,
): Promise<Map<string, number>> {
  const ranges: { key: string; start: number; end: number }[] = [];
  for (const { key, dtype, elements } of storages) {
    const name = `${folder}data/${key}`;
    const entry = entries.get(name);
    const bytes = elements * bytesPerElement(dtype);
    if (entry?.bytes !== bytes) {
      throw pickleError("E_PICKLE_STORAGE", file.path, `needs ${bytes} bytes of ${show(name)} and has ${entry?.bytes ?? "none"}`);
    }
    const start = await contentOffset(file, entry, name);
    ranges.push({ key, start, end: start + bytes });
  }
  ranges.sort((a, b) => a.start - b.start || a.end - b.end);
  const overlap = ranges.find(({ start }, i) => i > 0 && start < ranges[i - 1].end);
  if (overlap) throw pickleError("E_PICKLE_STORAGE", file.path, `has the storage ${show(overlap.key)} inside of another one`);
  return new Map(ranges.map(({ key, start }) => [key, start]));
}

/** Magic number, version, byte order, state dict, list of storages; then per storage its number of elements and its bytes. */
async function readOldArchive(file: OpenFile): Promise<Archive> {
  const host = new TorchHost(file.path);
  const { values, end } = await readPickles(file, 5, host);
  const [magic, version, system, state, keys] = values;
  if (magic !== OLD_MAGIC || version !== OLD_VERSION)
    throw pickleError("E_PICKLE_CONTAINER", file.path, "is a pickle, but not one of torch.save");
  const isDict = typeof system === "object" && system?.kind === "dict";
  if (!isDict || system.entries.get("little_endian") !== true) {
    throw pickleError("E_PICKLE_CONTAINER", file.path, "was written on a big-endian machine");
  }
  const isList = typeof keys === "object" && keys?.kind === "list";
  if (!isList) throw pickleError("E_PICKLE_STORAGE", file.path, `lists its storages in ${describe(keys)}`);
  return { state, offsets: await locateInOrder(file, end, keys.items, host.storages) };
}

async function locateInOrder(
  file: OpenFile,
  start: number,
  keys: readonly PickleValue[],
  storages: ReadonlyMap<string, TorchStorage>,
): Promise<Map<string, number>> {
  const size = await file.size();
  const offsets = new Map<string, number>();
  let at = start;
  for (const key of keys) {
    const storage = typeof key === "string" && !offsets.has(key) ? storages.get(key) : undefined;
    if (!storage)
      throw pickleError("E_PICKLE_STORAGE", file.path, `lists the storage ${describe(key)}, which no tensor has or which came before`);
    const length = await file.read(at, 8);
    const bytes = storage.elements * bytesPerElement(storage.dtype);
    at += 8;
    if (length.length < 8 || at + bytes > size) throw pickleError("E_PICKLE_TRUNCATED", file.path, "ends before its last storage does");
    const elements = new DataView(length.buffer, length.byteOffset).getBigInt64(0, true);
    if (elements !== BigInt(storage.elements)) {
      throw pickleError("E_PICKLE_STORAGE", file.path, `has ${elements} elements in a storage that should have ${storage.elements}`);
    }
    offsets.set(storage.key, at);
    at += bytes;
  }
  const missing = [...storages.keys()].find((key) => !offsets.has(key));
  if (missing !== undefined) throw pickleError("E_PICKLE_STORAGE", file.path, `does not hold the storage ${show(missing)}`);
  return offsets;
}

/** So many pickles from the file's start. How long they are shows only when they are read, so that more of the file is taken as needed. */
async function readPickles(file: OpenFile, count: number, host: PickleHost): Promise<{ values: PickleValue[]; end: number }> {
  const most = Math.min(await file.size(), MOST_PICKLE_BYTES);
  for (let length = FIRST_PICKLE_BYTES; ; length *= 8) {
    const bytes = await file.read(0, Math.min(length, most));
    try {
      return parsePickles(bytes, count, host, file.path);
    } catch (error) {
      if (length >= most || !(error instanceof AttuneError && error.code === "E_PICKLE_TRUNCATED")) throw error;
    }
  }
}

function parsePickles(bytes: Uint8Array, count: number, host: PickleHost, path: string): { values: PickleValue[]; end: number } {
  const values: PickleValue[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    const read = readPickle(bytes, end, host, path);
    values.push(read.value);
    end = read.end;
  }
  return { values, end };
}
