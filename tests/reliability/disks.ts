// File systems that a test can fill or make read-only; only root may mount them, elsewhere tests skip and say so.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";

/** Mounts a file system in memory on a new folder. A reason where that is not permitted. */
export function mountDisk(folder: string, size: string): (Disposable & { resize(options: string): void }) | string {
  mkdirSync(folder);
  const run = (...words: string[]) => spawnSync(words[0], words.slice(1), { encoding: "utf8" });
  const mounted = process.platform === "linux" ? run("mount", "-t", "tmpfs", "-o", `size=${size}`, "attune-test", folder) : undefined;
  if (mounted?.status !== 0) {
    rmSync(folder, { recursive: true });
    return "only root on Linux may mount a file system";
  }
  return {
    resize: (options) => void run("mount", "-o", `remount,${options}`, folder),
    [Symbol.dispose]: () => void run("umount", "-l", folder),
  };
}
