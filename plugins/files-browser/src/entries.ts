// From paths to handles of the origin private file system, and from the browser's exceptions to sentences. Knows nothing of what files hold.

import { AttuneError, baseName, folderOf } from "@attune/core";

/** A file; `move` is atomic, and TypeScript's library does not list it yet. */
export interface File extends FileSystemFileHandle {
  move(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** The names on a path; "." and empty ones lead nowhere, ".." leads back, and never above the root. */
export function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names;
}

/** The folder at a path, made with its parents where `create` is set. */
export async function folderAt(root: FileSystemDirectoryHandle, path: string, create = false): Promise<FileSystemDirectoryHandle> {
  let folder = root;
  for (const name of namesOf(path)) folder = await folder.getDirectoryHandle(name, { create });
  return folder;
}

/** The file at a path, made where `create` is set; its folder must be there. */
export async function fileAt(root: FileSystemDirectoryHandle, path: string, create = false): Promise<File> {
  const folder = await folderAt(root, folderOf(path));
  return (await folder.getFileHandle(baseName(path), { create })) as File;
}

/** Why this page has no files, or undefined. */
export function missingFeature(): string | undefined {
  if (typeof globalThis.navigator?.storage?.getDirectory !== "function") return "this is no page in a secure context";
  const { prototype } = FileSystemFileHandle;
  return ["createWritable", "move"].every((name) => name in prototype) ? undefined : "this browser is too old to write files of a page";
}

/** The exception's name -> reason and next step. */
const reasons: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  NotFoundError: ["its folder does not exist", "check the path or make the folder first"],
  TypeMismatchError: ["a folder is where a file is expected, or the other way round", "check the path"],
  QuotaExceededError: ["the browser grants this page no more space", "free some space, or ask for more with navigator.storage.persist()"],
  NoModificationAllowedError: ["it is open elsewhere in this page or in another tab", "close the other tab and try again"],
  InvalidModificationError: ["the browser does not permit it", "choose another path"],
  NotAllowedError: ["the page is not permitted to", "serve the page over https, and not in private browsing"],
  SecurityError: ["the page is not permitted to", "serve the page over https, and not in private browsing"],
};

/** Runs `work`; the browser's exceptions become E_FILE (or E_NO_FILE when a path that must exist does not), everything else passes through. */
export async function explained<T>(path: string, verb: string, work: () => Promise<T>, mustExist = false): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    if (cause.name === "NotFoundError" && mustExist) {
      throw new AttuneError({ code: "E_NO_FILE", place: path, problem: "does not exist", hint: "check the path", cause });
    }
    const [reason, hint] = reasons[cause.name] ?? [cause.message];
    throw new AttuneError({ code: "E_FILE", place: path, problem: `cannot be ${verb}: ${reason} (${cause.name})`, hint, cause });
  }
}
