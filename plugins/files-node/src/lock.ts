// An exclusive lock between processes: a file that names its owner. A dead owner's lock is taken over, a live one's is E_LOCKED.
// It protects processes of one machine from each other. In a container a process has an id that means nothing outside, so an owner in another one
// counts as alive while it touches its lock; processes on different machines that share a disk do not see each other's ids.

import { open, readFile, readlink, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { AttuneError } from "@attune/core";
import { systemCode } from "./file-errors.ts";

interface Owner {
  readonly pid: number;
  /** When the process started, as the system counts it: ids are reused, often within seconds in containers. Absent where unknown. */
  readonly started?: string;
  /** Where the id means this process: Linux's name of the namespace, one for each container. Absent where there is none. */
  readonly namespace?: string;
  /** The name of its machine or container, for people. */
  readonly host?: string;
  /** Which lock of that process. */
  readonly token: string;
}

/** A lock or guard file without a readable owner counts as left behind after this many milliseconds; writing one takes far less. */
const WRITE_GRACE = 5000;

/** An owner touches its lock so often, in milliseconds, unless a long computation keeps it from it. */
const BEAT = 5000;

/** A lock of another container that nobody touched for so long was left behind. */
const SILENCE = 60_000;

/** Takes the lock or throws E_LOCKED with the owner's pid; disposing removes it. */
export async function lockFile(path: string, { beat = BEAT, silence = SILENCE } = {}): Promise<AsyncDisposable> {
  const owner: Owner = {
    pid: process.pid,
    started: await startOf(process.pid),
    namespace: await namespace(),
    host: hostname(),
    token: crypto.randomUUID(),
  };
  for (;;) {
    if (await create(path, owner)) break;
    const found = await ownerOf(path);
    if (found === "gone") continue;
    if (found === "unreadable") {
      if (!(await isOlderThan(WRITE_GRACE, path))) throw locked(path, "a process that is just taking it");
    } else if (isForeign(found, owner)) {
      if (!(await isOlderThan(silence, path))) throw lockedElsewhere(path, found);
    } else if (await isAlive(found)) throw locked(path, `process ${found.pid}`);
    if (await takeOver(path, found, owner)) break;
  }
  const touching = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), beat);
  touching.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(touching);
      const found = await ownerOf(path);
      if (typeof found === "object" && found.token === owner.token) await rm(path, { force: true });
    },
  };
}

/** Replaces a dead owner's lock. The guard file keeps two that saw the same dead owner from both replacing it; false: look again. */
async function takeOver(path: string, dead: Owner | "unreadable", owner: Owner): Promise<boolean> {
  const guard = `${path}.takeover`;
  if (!(await create(guard, owner))) {
    if (!(await isOlderThan(WRITE_GRACE, guard))) throw locked(path, "a process that is just taking it over");
    await rm(guard, { force: true });
    return false;
  }
  try {
    const now = await ownerOf(path);
    const unchanged = typeof now === "object" && typeof dead === "object" ? now.token === dead.token : now === dead;
    if (!unchanged) return false;
    const temporary = `${path}.${owner.token}.tmp`;
    await create(temporary, owner);
    await rename(temporary, path);
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** False when the file is already there. */
async function create(path: string, owner: Owner): Promise<boolean> {
  try {
    await using handle = await open(path, "wx");
    await handle.writeFile(JSON.stringify(owner));
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function ownerOf(path: string): Promise<Owner | "gone" | "unreadable"> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as Partial<Owner> | null;
    return Number.isSafeInteger(owner?.pid) && typeof owner?.token === "string" ? (owner as Owner) : "unreadable";
  } catch (error) {
    if (error instanceof SyntaxError) return "unreadable";
    if (systemCode(error) === "ENOENT") return "gone";
    throw error;
  }
}

/** Whether the owner's id says nothing here. A lock that names no namespace is of a system without them. */
function isForeign(found: Owner, own: Owner): boolean {
  return found.namespace !== undefined && own.namespace !== undefined && found.namespace !== own.namespace;
}

async function namespace(): Promise<string | undefined> {
  return readlink("/proc/self/ns/pid").catch(() => undefined);
}

async function isAlive(owner: Owner): Promise<boolean> {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // Not permitted to signal it: it lives and belongs to someone else.
    if (systemCode(error) !== "EPERM") return false;
  }
  const started = await startOf(owner.pid);
  return owner.started === undefined || started === undefined || started === owner.started;
}

/** The start time of a process in Linux's own count (field 22 of /proc/PID/stat); undefined elsewhere. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the program's name in brackets and may hold spaces and brackets itself.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

async function isOlderThan(milliseconds: number, path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined || Date.now() - found.mtimeMs > milliseconds;
}

function lockedElsewhere(path: string, { pid, host }: Owner): AttuneError {
  const problem = `is held by process ${pid} of another container${host === undefined ? "" : ` (${host})`}`;
  return new AttuneError({ code: "E_LOCKED", place: path, problem, hint: "wait until it has ended, and a minute more if it was killed" });
}

function locked(path: string, owner: string): AttuneError {
  const hint = `wait until it has ended; if no such process works here, remove ${path}`;
  return new AttuneError({ code: "E_LOCKED", place: path, problem: `is held by ${owner}`, hint });
}
