// Where the bytes of a file go when it is written whole. A file is made under a temporary name and renamed, which must replace neither a link nor
// a device: links are followed to their file, pipes, terminals and other devices are written to as they are.

import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { folderOf } from "@attune/core";
import { systemCode } from "./file-errors.ts";
import { temporaryEnd } from "./temporary-name.ts";

/** What stands at a path, or will stand there. */
export interface Target {
  /** The file itself, behind all links. */
  readonly path: string;
  /** Permissions of the file that is there; undefined where none is. */
  readonly mode: number | undefined;
  /** A pipe, a terminal, another device, or what a descriptor of a process names: bytes can only be added to it. */
  readonly stream: boolean;
}

/** Behind these may be a file that others hold open: one in its place would not be seen by them. */
const DESCRIPTOR = /^\/dev\/(stdin|stdout|stderr|fd\/\d+)$|^\/proc\/[^/]+\/(task\/\d+\/)?fd\/\d+$/;

/** What stands at `path`. One that ends as a temporary name does stands beside the file that it will become, and is a stream if that is one. */
export async function targetOf(path: string): Promise<Target> {
  const [end = ""] = temporaryEnd.exec(path) ?? [];
  const target = await behindLinks(path.slice(0, path.length - end.length));
  return target.stream ? target : { ...target, path: target.path + end };
}

async function behindLinks(path: string): Promise<Target> {
  for (let at = path; ;) {
    if (DESCRIPTOR.test(at)) return { path, mode: undefined, stream: true };
    const found = await unlessMissing(lstat(at));
    if (!found?.isSymbolicLink()) {
      if (!found || found.isDirectory()) return { path: at, mode: undefined, stream: false };
      return found.isFile() ? { path: at, mode: found.mode & 0o777, stream: false } : { path, mode: undefined, stream: true };
    }
    if (at === path) await unlessMissing(stat(path)); // links in a circle end here
    const next = await readlink(at);
    at = /^([/\\]|[A-Za-z]:)/.test(next) ? next : `${await realpath(folderOf(at))}/${next}`;
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}
