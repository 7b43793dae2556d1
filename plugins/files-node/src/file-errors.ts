// Turns what the operating system says into sentences: which path, what was tried, why it failed, what to do next.
// Only failures of the system end up here; an error without a system code is a bug and passes through unchanged.

import { AttuneError } from "@attune/core";
import { temporaryEnd } from "./temporary-name.ts";

/** System code -> reason and next step, for the failures that people meet. */
const reasons: Record<string, readonly [reason: string, hint?: string]> = {
  EACCES: ["permission denied", "check who owns it and its permissions, or choose another path"],
  EPERM: ["the system does not permit it", "check who owns it and its permissions, or choose another path"],
  ENOSPC: ["no space left on the disk", "free some space or choose a path on another disk"],
  EDQUOT: ["the disk quota is used up", "free some space or choose a path on another disk"],
  EROFS: ["the file system is read-only", "choose a path that can be written"],
  EISDIR: ["it is a folder", "give the path of a file"],
  ENOTDIR: ["a part of the path is a file, not a folder", "check the path"],
  ENOENT: ["its folder does not exist", "check the path or make the folder first"],
  EEXIST: ["something with that name is already there", "choose another path or remove what is there"],
  ENOTEMPTY: ["a folder that is not empty is already there", "choose another path or remove what is there"],
  EMFILE: ["too many files are open", "raise the limit of open files (ulimit -n)"],
  ENFILE: ["too many files are open on this machine", "close other programs or raise the system's limit"],
  ENAMETOOLONG: ["the name is too long", "choose a shorter path"],
  ELOOP: ["its links lead in a circle", "check the links in the path"],
  EXDEV: ["the two paths are on different disks", "choose paths on one disk"],
  EBUSY: ["it is in use by another program", "close the other program and try again"],
  EIO: ["the disk reported a read or write error", "check the disk and the system's log"],
  ENXIO: ["nothing that can be opened is there (a socket, say)", "give the path of a file"],
  EFBIG: ["the file would be larger than the file system allows", "choose a path on another disk"],
};

/** The system's code of a failure (`ENOENT` …), or undefined where it has none. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** Runs `work`; its system failures become E_FILE (or E_NO_FILE when a path that must exist does not), everything else passes through. */
export async function explained<T>(path: string, verb: string, work: () => Promise<T>, mustExist = false): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(error, path, verb, mustExist);
  }
}

function explain(error: unknown, path: string, verb: string, mustExist: boolean): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof AttuneError) return error;
  if (code === "ENOENT" && mustExist) {
    return new AttuneError({ code: "E_NO_FILE", place: path, problem: "does not exist", hint: "check the path", cause: error });
  }
  const [reason, hint] = reasons[code] ?? [(error as Error).message];
  const place = path.replace(temporaryEnd, ""); // people know the file by its own name
  return new AttuneError({ code: "E_FILE", place, problem: `cannot be ${verb}: ${reason} (${code})`, hint, cause: error });
}
