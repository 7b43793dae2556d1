// What the machine and its Node are, and paths as the system sees them.

import { availableParallelism, cpus, totalmem } from "node:os";
import { resolve } from "node:path";

/** Node and platform, for the record of a run. */
export function platformVersions(): { node: string; platform: string } {
  return { node: process.versions.node, platform: `${process.platform} ${process.arch}` };
}

/** The processor's name, the threads that may run at once, and memory in bytes. */
export function machine(): { processor: string; threads: number; memoryBytes: number } {
  return { processor: cpus()[0]?.model.trim() ?? "unknown", threads: availableParallelism(), memoryBytes: totalmem() };
}

/** Largest resident memory of this process so far, in bytes. */
export function peakRssBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Relative paths start at the working folder. */
export function absolutePath(path: string): string {
  return resolve(path);
}
