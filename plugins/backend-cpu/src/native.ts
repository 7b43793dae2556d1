// The native addon as TypeScript sees it, and how it is found: a build in this folder, or a prebuilt binary beside it.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { AttuneError } from "@attune/core";

/** What a kernel reported: the first problem since the queue was made; commands after it are skipped until `clearError`. */
export interface NativeFailure {
  /** E_TOKEN_ID, E_TARGET, E_INDEX, E_NATIVE or E_CLOSED. */
  readonly code: `E_${string}`;
  /** The command that failed. */
  readonly seq: number;
  /** The offending value. */
  readonly detail: number;
}

/** One queue with its memory; all instances share the process's threads. Addresses and sizes are bytes. */
export interface NativeInstance {
  readonly threads: number;
  /** Copies `count` words of whole commands and returns at once. */
  submit(words: Float64Array, count: number): void;
  /** Settles when everything submitted before is done. */
  fence(): Promise<NativeFailure | null>;
  /** A copy of memory after everything submitted before. */
  read(address: number, bytes: number): Promise<{ readonly failure: NativeFailure | null; readonly bytes: ArrayBuffer }>;
  /** Maps memory, aligned to 2 MB; 0 when the system refuses. */
  map(bytes: number): number;
  /** Only behind a fence that stands behind the last command that uses it. */
  unmap(address: number): void;
  /** The address of a copy of `bytes`, which a `write` command frees; 0 without memory. */
  stage(bytes: Uint8Array): number;
  /** Own peak with all threads, register-only multiply-adds: operations per second, best of several. */
  peakFlops(): number;
  /** Streaming copy with all threads: bytes per second, read and written. */
  streamBytes(): number;
  /** Nanoseconds that commands took so far. */
  busyNanoseconds(): number;
  /** Keeps when commands run while `on`, the first 2^18; returns words [seq, command, start, nanoseconds] of those since the last call. */
  trace(on: boolean): Float64Array;
  /** What each command took so far. */
  profile(): { readonly command: string; readonly calls: number; readonly nanoseconds: number }[];
  close(): void;
}

/** What the kernels run on. */
export interface InstructionSet {
  readonly name: string;
  /** Why this one: a sentence. */
  readonly reason: string;
  /** All that can run here, best first. */
  readonly available: readonly string[];
  /** What cannot, each with its reason. */
  readonly absent: readonly string[];
  /** Products in bf16 have instructions of their own. */
  readonly nativeBf16: boolean;
}

export interface NativeAddon {
  /** Throws with the reason where the system grants no thread, or no memory for one. */
  readonly Instance: new (idle?: Int32Array) => NativeInstance;
  /** The listing that encoder and decoder share. */
  readonly commands: string;
  /** The instruction set in use, why that one, and what there is, best first. */
  instructionSet(): InstructionSet;
  /** Bytes: the limit of this process (container or machine), what it uses, what it may still take (0: nobody says). */
  memory(): { readonly limit: number; readonly used: number; readonly available: number };
  /** Gives back to the system what the process's allocator keeps of freed memory, where it can be told to. */
  trimAllocator(): void;
  /** Bytes of a packed weight. */
  packedBytes(columns: number, depth: number, bf16: boolean): number;
  /** Floats of scratch for `linearWeightGrad`. */
  gradientWorkspace(t: number, n: number, k: number): number;
  /** Floats of scratch for the gradients of norms. */
  normWorkspace(rows: number, width: number): number;
}

let loaded: NativeAddon | undefined;

/** Loads the addon once; E_NO_ADDON with the reason when there is none for this platform. */
export function loadAddon(): NativeAddon {
  loaded ??= findAddon(fileURLToPath(new URL("..", import.meta.url)));
  return loaded;
}

function findAddon(folder: string): NativeAddon {
  try {
    const find = createRequire(import.meta.url)("node-gyp-build") as (folder: string) => NativeAddon;
    return find(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new AttuneError({
      code: "E_NO_ADDON",
      place: "backend cpu",
      problem: `the native addon could not be loaded: ${reason}`,
      hint: "build it with a C++ compiler (`npm test` in the repository does), or use --device typescript",
      cause,
    });
  }
}
