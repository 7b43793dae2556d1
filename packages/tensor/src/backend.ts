// What a device must offer: memory, an in-order queue of kernels, and counters. Kernels enqueue and return: they check nothing and allocate
// nothing; shapes were checked by `infer`, outputs and workspace were allocated before. A missing kernel falls back to the op's decomposition.

import type { DType } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/** A piece of a backend's memory. What else is in it is the backend's business. */
export interface Slot {
  readonly bytes: number;
}

/** Where a block should come from: what backward needs lives long and nests, temporaries do not. */
export type Lifetime = "saved" | "temporary" | "persistent";

export type Attributes = Readonly<Record<string, unknown>>;
export type Operand = Tensor | readonly Tensor[] | undefined;

/** One launch. Kernels read `inputs` and write `outputs`; ops that work in place write the inputs that they list in `writes`. */
export interface KernelCall {
  readonly op: string;
  readonly inputs: Readonly<Record<string, Operand>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly attributes: Attributes;
  /** A gradient will flow back through this call, or through the same one when it runs again during backward. */
  readonly recorded: boolean;
  /** Present when the kernel declared a size. */
  readonly workspace: Slot | undefined;
  /** Module path and op, for errors and profiles. */
  readonly label: string;
}

export interface Kernel {
  run(call: KernelCall): void;
  /** Scratch memory in bytes. */
  workspace?(call: Omit<KernelCall, "workspace">): number;
  /** False sends this call to the op's decomposition; where it only finds bf16 in memory, to the op in f32. */
  supports?(call: Omit<KernelCall, "workspace">): boolean;
}

/** Exact, enqueue-side, the same under any timing. */
export interface Counters {
  launches: number;
  allocations: number;
  /** Times that memory was asked of the system. */
  reserves: number;
  bytesLive: number;
  bytesPeak: number;
  bytesReserved: number;
  bytesRead: number;
  bytesWritten: number;
}

/** What some work needs in memory. */
export interface Need {
  /** Live at most. */
  readonly bytes: number;
  /** Of the largest block. */
  readonly largest: number;
}

export interface Limits {
  readonly maxBufferBytes: number;
  readonly types: readonly DType[];
  /** Float types that its matrix products are made for; what is computed in another is slower than in these. */
  readonly native: readonly DType[];
}

/** What one kind of work took on the device so far; after `sync()`. */
export interface Spent {
  readonly work: string;
  readonly calls: number;
  readonly seconds: number;
}

/** One launch as the device ran it; seconds since the backend was made, and how long it took. */
export interface Ran {
  readonly label: string;
  readonly work: string;
  readonly start: number;
  readonly seconds: number;
}

export interface Backend {
  readonly name: string;
  /** "AVX2, 2 threads": for a person. */
  readonly description: string;
  /** For a person who asks for more: what of this device is not used, and why. */
  readonly notes?: readonly string[];
  /** What results depend on, bit for bit: the instruction set, not the number of threads. */
  readonly numerics: string;
  readonly limits: Limits;
  readonly kernels: Readonly<Record<string, Kernel>>;
  readonly counters: Counters;
  /** E_OUT_OF_MEMORY with bytes asked, live and limit. */
  alloc(bytes: number, lifetime: Lifetime): Slot;
  /** Ordered in the queue: commands before it may still use the slot. */
  free(slot: Slot): void;
  /** Gets memory for work that has `bytes` live at most, in blocks of at most `largest`, so that it asks the system for none; as far as there is so much: never throws. */
  reserve?(need: Need): void;
  /** Gives the system back what holds nothing, once all that was enqueued before has run: between phases that need memory of different sizes. */
  trim?(): Promise<void>;
  /** Copies `bytes` when called; E_ATTRIBUTE where they reach beyond the slot. */
  write(slot: Slot, byteOffset: number, bytes: Uint8Array): void;
  /** Resolves to a copy, after all that was enqueued before; throws what a kernel reported meanwhile. E_ATTRIBUTE beyond the slot. */
  read(slot: Slot, byteOffset: number, byteLength: number): Promise<ArrayBuffer>;
  /** Waits until the queue is at most about two steps behind. Awaited once per step. */
  throttle(): Promise<void>;
  /** Waits for the queue to run empty; throws what a kernel reported. */
  sync(): Promise<void>;
  /** Where the device's time went, for backends that can tell. */
  profile?(): readonly Spent[];
  /** Keeps when each launch runs while `on` (a bounded number), for backends that can tell; returns those since the last call. After `sync()`. */
  trace?(on: boolean): readonly Ran[];
  dispose(): Promise<void>;
}

/** All zero. */
export function newCounters(): Counters {
  return { launches: 0, allocations: 0, reserves: 0, bytesLive: 0, bytesPeak: 0, bytesReserved: 0, bytesRead: 0, bytesWritten: 0 };
}

declare module "@attune/core" {
  interface PluginKinds {
    backend: Backend;
  }
}
