// What attune needs of a file system, so that no package imports `node:`. Implemented by @attune/files-node and by a browser one.
// Paths are strings with "/"; a missing file is E_NO_FILE, everything else that fails is E_FILE with the path and the system's reason.

export interface FileStatus {
  /** Bytes; 0 for a folder. */
  readonly size: number;
  readonly kind: "file" | "folder";
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

/** An open file. Offsets and lengths are bytes; `read` returns fewer only at the end of the file. */
export interface OpenFile extends AsyncDisposable {
  readonly path: string;
  size(): Promise<number>;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes` at `offset`. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Returns when the bytes are on the disk. */
  sync(): Promise<void>;
}

export interface Files {
  /** Undefined when nothing is there. */
  status(path: string): Promise<FileStatus | undefined>;
  /** "read": must exist; "write": made or emptied; "update": made if missing, kept otherwise. */
  open(path: string, mode: "read" | "write" | "update"): Promise<OpenFile>;
  /** The whole file. */
  read(path: string): Promise<Uint8Array>;
  /** The whole file as UTF-8; invalid bytes are E_FILE. */
  readText(path: string): Promise<string>;
  /** Written to a temporary name beside it, synced, renamed: there is the old file or the new one, never half of one. */
  write(path: string, content: Uint8Array | string): Promise<void>;
  append(path: string, content: Uint8Array | string): Promise<void>;
  /** Atomic within one file system; the folder entry is synced. */
  rename(from: string, to: string): Promise<void>;
  /** A file or a whole folder; nothing there is not an error. */
  remove(path: string): Promise<void>;
  /** Names in a folder, sorted, without the folder's own path. */
  list(path: string): Promise<string[]>;
  /** With its parents; existing is not an error. */
  makeFolder(path: string): Promise<void>;
  /** Exclusive between processes until disposed; taken by another live process: E_LOCKED with its pid. A dead owner's lock is taken over. */
  lock(path: string): Promise<AsyncDisposable>;
}

/** `folder/name`, without doubled slashes. */
export function joinPath(...parts: string[]): string {
  return parts
    .filter((part) => part !== "")
    .map((part, i) => (i === 0 ? part.replace(/(?<=.)\/+$/, "") : part.replace(/^\/+|\/+$/g, "")))
    .join("/")
    .replace(/^\/\//, "/");
}

/** The last component of a path. */
export function baseName(path: string): string {
  return path.replace(/\/+$/, "").replace(/^.*\//, "");
}

/** Everything before the last component; "." where there is none. */
export function folderOf(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  return at < 0 ? "." : at === 0 ? "/" : trimmed.slice(0, at);
}
