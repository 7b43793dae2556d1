// An index on disk: a folder of files and `index.json`, which names them with their checksums. It is written when they are on the disk and replaced as a
// whole, so a folder has the old index or the new one, never half of one.

import { AttuneError, joinPath, type Files } from "@attune/core";
import { z } from "zod";
import type { SavedContent, SavedFiles } from "./index-store.ts";
import type { Metric } from "./vector-index.ts";

const MANIFEST = "index.json";

const manifestSchema = z.object({
  format: z.literal("attune-index-1"),
  index: z.string(),
  metric: z.enum(["cosine", "ip"]),
  dimension: z.int().min(0),
  size: z.int().min(0),
  /** Rises with each save, so that new files never have the names of old ones. */
  save: z.int().positive(),
  files: z.array(z.object({ name: z.string().regex(/^[^/\\]+$/), bytes: z.int().min(0), sha256: z.string() })),
});
type Manifest = z.output<typeof manifestSchema>;

/** What is said of an index beside its files. */
export interface SavedAbout {
  readonly index: string;
  readonly metric: Metric;
  /** D; 0 of an index that never had a vector. */
  readonly dimension: number;
}

/**
 * Removes what a save that was cut short has left, writes the files by `write`, then the manifest, then removes the files of the save before.
 * E_INDEX_FILE where `index.json` is the file of something else.
 */
export async function writeSaved(
  files: Files,
  folder: string,
  about: SavedAbout,
  write: (prefix: string) => Promise<SavedFiles>,
): Promise<void> {
  await files.makeFolder(folder);
  await expectNoOther(files, joinPath(folder, MANIFEST));
  const before = await readManifest(files, folder).catch((error: AttuneError) => {
    if (error.code === "E_NO_FILE" || error.code === "E_INDEX_FILE") return undefined; // no index is there, or none that could be loaded
    throw error;
  });
  await removeSaves(files, folder, before?.files.map(({ name }) => name) ?? []);
  const save = (before?.save ?? 0) + 1;
  const { files: names, size } = await write(`save-${save}`);
  const written: Manifest["files"] = [];
  for (const name of names) {
    const path = joinPath(folder, name);
    await sync(files, path);
    written.push({ name, ...(await checksum(files, path)) });
  }
  const manifest: Manifest = { format: "attune-index-1", ...about, size, save, files: written };
  await files.write(joinPath(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await removeSaves(files, folder, names);
}

/** E_INDEX_FILE for JSON that is no index's description, of this version or another: it would be written over. Half of one is nobody's. */
async function expectNoOther(files: Files, path: string): Promise<void> {
  const format = z.looseObject({ format: z.string().startsWith("attune-index-") });
  const content = await contentOf(files, path).catch(() => undefined); // nothing, or what is said when it is read
  if (content === undefined || format.safeParse(content).success) return;
  throw new AttuneError({
    code: "E_INDEX_FILE",
    place: path,
    problem: "is there already, and is not the description of an index",
    hint: "save into a folder of its own",
  });
}

/** Returns when a file that a store wrote by whatever means is on the disk: a checksum sees what may still be in memory only. */
async function sync(files: Files, path: string): Promise<void> {
  await using file = await files.open(path, "update");
  await file.sync();
}

/** Removes the files of all saves but those that a manifest names. */
async function removeSaves(files: Files, folder: string, named: readonly string[]): Promise<void> {
  for (const name of await files.list(folder)) {
    if (/^save-\d+\./.test(name) && !named.includes(name)) await files.remove(joinPath(folder, name));
  }
}

/** A saved index whose files are whole. E_NO_FILE; E_INDEX_FILE for another index, metric or damaged file; E_VECTORS for another width. */
export async function readSaved(
  files: Files,
  folder: string,
  expected: { readonly index: string; readonly metric: Metric; readonly dimension: number | undefined },
): Promise<SavedContent> {
  const manifest = await readManifest(files, folder);
  for (const key of ["index", "metric"] as const) {
    if (manifest[key] !== expected[key]) throw badFile(folder, `an index with ${key} ${expected[key]}`, manifest[key]);
  }
  const { dimension, size } = manifest;
  if (expected.dimension !== undefined && dimension !== 0 && dimension !== expected.dimension) {
    throw new AttuneError({
      code: "E_VECTORS",
      place: folder,
      expected: `vectors of ${expected.dimension} dimensions`,
      got: String(dimension),
    });
  }
  for (const { name, bytes, sha256 } of manifest.files) {
    const path = joinPath(folder, name);
    const found = await checksum(files, path);
    if (found.bytes !== bytes) throw badFile(path, `${bytes} bytes`, `${found.bytes}`);
    if (found.sha256 !== sha256) throw badFile(path, "the content that was saved", "another checksum");
  }
  return { folder, files: manifest.files.map(({ name }) => name), dimension, size };
}

async function readManifest(files: Files, folder: string): Promise<Manifest> {
  const path = joinPath(folder, MANIFEST);
  const parsed = manifestSchema.safeParse(await contentOf(files, path));
  if (parsed.success) return parsed.data;
  throw badFile(path, "the description of a saved index", parsed.error.issues[0].message);
}

/** E_INDEX_FILE for what is no JSON. */
async function contentOf(files: Files, path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await files.read(path)); // bytes that are no text are a damaged manifest, not a file that cannot be read
  try {
    return JSON.parse(text);
  } catch {
    throw badFile(path, "JSON", "something else");
  }
}

function badFile(place: string, expected: string, got: string): AttuneError {
  return new AttuneError({ code: "E_INDEX_FILE", place, expected, got, hint: "build the index again and save it" });
}

/** Size, and SHA-256 over the SHA-256 of each piece: the platform has no digest that takes a file in pieces. */
async function checksum(files: Files, path: string): Promise<{ bytes: number; sha256: string }> {
  await using file = await files.open(path, "read");
  const bytes = await file.size();
  const digests: Uint8Array[] = [];
  for (let at = 0; at < bytes; at += PIECE) digests.push(await sha256(await file.read(at, PIECE)));
  const all = new Uint8Array(digests.length * 32);
  digests.forEach((digest, i) => all.set(digest, i * 32));
  return { bytes, sha256: [...(await sha256(all))].map((byte) => byte.toString(16).padStart(2, "0")).join("") };
}

const PIECE = 1 << 24;

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}
