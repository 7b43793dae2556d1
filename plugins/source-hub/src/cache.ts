// The cache in the layout of Python's huggingface_hub: blobs by checksum, a folder of links per commit, a file per branch that names its commit.
//
//     models--org--name/blobs/<checksum>
//     models--org--name/snapshots/<commit>/config.json -> ../../blobs/<checksum>
//     models--org--name/refs/main
//     models--org--name/.no_exist/<commit>/modules.json, empty: the hub has no such file

import { copyFile, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AttuneError } from "@attune/core";
import type { Files } from "@attune/core";
import { isCommit } from "./model-id.ts";
import { foldersOf, hasEveryModule, modulesIn, neededFiles } from "./needed-files.ts";

/**
 * How much of a model a commit's folder holds, tokenizer included. "unsure": all of a model without modules, of which nobody has asked the hub
 * whether it has any; Python's AutoModel leaves an embedding model so.
 */
export type Held = "whole" | "unsure" | "part";

/** What a plain model has not got. */
const MODULES = "modules.json";

/** One repository in the cache. */
export interface CachedRepository {
  blob(oid: string): string;
  /** The folder of a commit. */
  snapshot(commit: string): string;
  /** The commit that a branch, tag or commit means here; undefined where the cache does not know it. */
  commitOf(revision: string): Promise<string | undefined>;
  /** How much of a model a commit's folder holds. */
  held(commit: string): Promise<Held>;
  /** Remembers that the hub has no modules.json at a commit, where Python's library does. */
  rememberNoModules(commit: string): Promise<void>;
  /** Remembers what a branch or tag means. */
  remember(revision: string, commit: string): Promise<void>;
  /** Makes `path` of a commit's folder show a blob. */
  link(commit: string, path: string, oid: string): Promise<void>;
  /** Keeps other attunes from downloading the same; waits for one that is at it. */
  lock(signal: AbortSignal, waiting: (sentence: string) => void): Promise<AsyncDisposable>;
}

/** The place of a repository in the cache; nothing has to be there. */
export function cachedRepository(files: Files, cache: string, name: string): CachedRepository {
  const folder = `models--${name.replaceAll("/", "--")}`;
  const root = join(cache, folder);
  const snapshot = (commit: string): string => join(root, "snapshots", commit);
  const reference = (revision: string): string => join(root, "refs", revision);
  const noModules = (commit: string): string => join(root, ".no_exist", commit, MODULES);
  const repository: CachedRepository = {
    blob: (oid) => join(root, "blobs", oid),
    snapshot,
    async commitOf(revision) {
      if (isCommit(revision)) return (await files.status(snapshot(revision))) && revision;
      if ((await files.status(reference(revision)))?.kind !== "file") return undefined;
      const commit = (await files.readText(reference(revision))).trim();
      return isCommit(commit) ? commit : undefined;
    },
    async held(commit) {
      if (!(await holdsModel(files, snapshot(commit)))) return "part";
      const known = (await files.status(join(snapshot(commit), MODULES))) ?? (await files.status(noModules(commit)));
      return known ? "whole" : "unsure";
    },
    async rememberNoModules(commit) {
      if (await files.status(noModules(commit))) return;
      try {
        await files.makeFolder(dirname(noModules(commit)));
        await files.write(noModules(commit), "");
      } catch (error) {
        // A cache that is only read serves as well; the hub is asked again.
        if (!(error instanceof AttuneError)) throw error;
      }
    },
    async remember(revision, commit) {
      if (isCommit(revision) || (await repository.commitOf(revision)) === commit) return;
      await files.makeFolder(dirname(reference(revision)));
      await files.write(reference(revision), commit);
    },
    async link(commit, path, oid) {
      const place = join(snapshot(commit), path);
      await files.makeFolder(dirname(place));
      await linkTo(repository.blob(oid), place);
    },
    async lock(signal, waiting) {
      const locks = join(cache, ".locks", folder);
      await files.makeFolder(locks);
      return waitForLock(files, join(locks, "attune.lock"), signal, waiting);
    },
  };
  return repository;
}

/** The ids in a cache, for those who mistype one. */
export async function cachedNames(files: Files, cache: string): Promise<string[]> {
  if ((await files.status(cache))?.kind !== "folder") return [];
  return (await files.list(cache)).flatMap((entry) => (entry.startsWith("models--") ? [entry.slice(8).replaceAll("--", "/")] : []));
}

async function holdsModel(files: Files, folder: string): Promise<boolean> {
  if ((await files.status(folder))?.kind !== "folder") return false;
  const path = join(folder, MODULES);
  const modules = modulesIn((await files.status(path)) && (await files.readText(path)));
  const present = await filesIn(files, foldersOf(modules), folder);
  try {
    const needed = neededFiles(present, modules, folder);
    const tokenizer = needed.some((path) => /(^|\/)(tokenizer\.json|vocab\.txt)$/.test(path));
    return tokenizer && allShards(needed) && hasEveryModule(present, modules);
  } catch (error) {
    if (error instanceof AttuneError && error.code === "E_HUB_FILES") return false;
    throw error;
  }
}

/** Paths below `root`, of these folders only. A link to a blob that is gone is no file. */
async function filesIn(files: Files, folders: readonly string[], root: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const at = join(root, folder);
    if ((await files.status(at))?.kind !== "folder") continue;
    for (const name of await files.list(at))
      if ((await files.status(join(at, name)))?.kind === "file") found.push(folder === "" ? name : `${folder}/${name}`);
  }
  return found;
}

/** Shards say in their names how many there are. */
function allShards(paths: readonly string[]): boolean {
  const shards = paths.flatMap((path) => /-\d+-of-(\d+)\./.exec(path)?.[1] ?? []);
  return (
    shards.every((count) => Number(count) <= shards.length) && (shards.length > 0 || !paths.some((path) => path.endsWith(".index.json")))
  );
}

/** A relative link, as Python makes it; a copy where the system gives no links. */
async function linkTo(blob: string, place: string): Promise<void> {
  const temporary = `${place}.${crypto.randomUUID()}.tmp`;
  try {
    await symlink(relative(dirname(place), blob), temporary);
  } catch (error) {
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await copyFile(blob, temporary);
  }
  try {
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function waitForLock(files: Files, path: string, signal: AbortSignal, waiting: (sentence: string) => void): Promise<AsyncDisposable> {
  for (let said = false; ; said = true) {
    try {
      return await files.lock(path);
    } catch (error) {
      if (!(error instanceof AttuneError) || error.code !== "E_LOCKED") throw error;
      if (!said) waiting(error.sentence);
      signal.throwIfAborted();
      await sleep(250);
    }
  }
}
