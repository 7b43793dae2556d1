// One file of the hub to one blob of the cache: continued where an earlier download stopped, checked before it gets its name.
// Bytes go to a file of our own beside the blob: Python appends to its `.incomplete` files without checking what is in them.

import { AttuneError } from "@attune/core";
import type { Files, OpenFile } from "@attune/core";
import { hashBeginning, hashFor } from "./checksum.ts";
import type { HubSettings } from "./environment.ts";
import { backoff, pause, reasonOf } from "./http.ts";
import type { Request } from "./http.ts";

/** A file of a repository. */
export interface RemoteFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 (64 digits) or git's SHA-1 of a blob (40 digits). */
  readonly oid: string;
}

export interface DownloadOptions {
  readonly files: Files;
  readonly settings: HubSettings;
  readonly request: Request;
  readonly signal: AbortSignal;
  readonly url: string;
  /** Where the blob is to be. */
  readonly blob: string;
  /** Told how many bytes of the file are here. */
  onBytes(loaded: number): void;
}

/** Where the bytes of a blob are while it is downloaded. */
export function partialOf(blob: string): string {
  return `${blob}.attune.incomplete`;
}

/** Downloads a file; returns the bytes that came now. E_HUB_NETWORK, E_HUB_CHECKSUM, E_FILE (disk full, no permission), and refusals of the hub. */
export async function downloadBlob(remote: RemoteFile, options: DownloadOptions): Promise<number> {
  const { files, blob } = options;
  const partial = partialOf(blob);
  let downloaded = 0;
  for (const fresh of [false, true]) {
    if (fresh) await files.remove(partial);
    downloaded += await completePartial(remote, partial, options);
    if (await isIntact(remote, partial, files)) {
      await files.rename(partial, blob);
      return downloaded;
    }
  }
  await files.remove(partial);
  throw new AttuneError({
    code: "E_HUB_CHECKSUM",
    place: options.url,
    problem: "came twice with bytes that do not have the checksum which the hub states",
    hint: "try again later, or without the proxy or mirror in between",
  });
}

async function isIntact({ oid, size }: RemoteFile, path: string, files: Files): Promise<boolean> {
  await using file = await files.open(path, "read");
  if ((await file.size()) !== size) return false;
  const hash = hashFor(oid, size);
  await hashBeginning(file, size, hash);
  return hash.digest("hex") === oid;
}

/** Brings a partial file to its full size; a connection that is cut is opened again as long as bytes keep coming. */
async function completePartial({ size, path }: RemoteFile, partial: string, options: DownloadOptions): Promise<number> {
  const { files, settings, signal } = options;
  await using file = await files.open(partial, "update");
  let at = await file.size();
  if (at > size) await file.truncate((at = 0));
  let downloaded = 0;
  for (let failures = 0; at < size;) {
    const before = at;
    const cut = await readOn(file, at, size, options);
    at = cut.at;
    downloaded += Math.max(0, at - before);
    if (cut.reason === undefined) break;
    failures = at > before ? 0 : failures + 1;
    if (failures > settings.retries) throw interrupted(path, cut.reason, at, size);
    await pause(backoff(failures, settings), signal);
  }
  await file.sync();
  return downloaded;
}

/** Reads from byte `at` to the end or to where the connection is cut; says where it got to, and why no further. */
async function readOn(file: OpenFile, at: number, size: number, options: DownloadOptions): Promise<{ at: number; reason?: string }> {
  const { request, url, signal, settings, onBytes } = options;
  const stalled = new AbortController();
  const response = await request(url, { signal: stalled.signal, ...(at > 0 && { headers: { range: `bytes=${at}-` } }) });
  const start = startOf(response);
  if (start !== at) await file.truncate(0);
  if (start !== at && start !== 0) {
    await response.body?.cancel();
    return { at: 0, reason: "the server sent another part of the file" };
  }
  let offset = start;
  let timer: NodeJS.Timeout | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), settings.timeout);
  };
  try {
    watch();
    for await (const chunk of response.body ?? []) {
      const bytes = chunk.subarray(0, size - offset); // more than was announced is not asked for
      await file.write(offset, bytes);
      offset += bytes.length;
      onBytes(offset);
      watch();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AttuneError) throw error;
    return { at: offset, reason: reasonOf(error) };
  } finally {
    clearTimeout(timer);
  }
  return offset < size ? { at: offset, reason: "the connection ended early" } : { at: offset };
}

/** Where the bytes of an answer begin; a server that knows no ranges starts again, one that has no such range (416) begins nowhere. */
function startOf({ status, headers }: Response): number {
  if (status === 416) return -1;
  const begin = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "")?.[1];
  return status === 206 && begin !== undefined ? Number(begin) : 0;
}

function interrupted(path: string, reason: string, at: number, size: number): AttuneError {
  return new AttuneError({
    code: "E_HUB_NETWORK",
    place: path,
    problem: `was cut off at ${at.toLocaleString("en")} of ${size.toLocaleString("en")} bytes (${reason})`,
    hint: "run the command again: it continues there",
  });
}
