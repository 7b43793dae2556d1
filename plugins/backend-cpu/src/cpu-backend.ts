// The CPU backend: commands go to native threads through one in-order queue, so JavaScript runs ahead and only reading back is awaited.

import { AttuneError } from "@attune/core";
import { newCounters, outOfMemory } from "@attune/tensor";
import type { Backend, MemoryRange, Slot } from "@attune/tensor";
import { parseCommands } from "./command-table.ts";
import { CommandWriter } from "./command-writer.ts";
import { elementwiseKernels } from "./kernels/elementwise.ts";
import { layerKernels } from "./kernels/layers.ts";
import { movementKernels } from "./kernels/movement.ts";
import { productKernels } from "./kernels/products.ts";
import { reductionKernels } from "./kernels/reductions.ts";
import { NativeMemory } from "./memory.ts";
import { loadAddon } from "./native.ts";
import type { NativeFailure } from "./native.ts";

/** Steps that JavaScript may be ahead of the threads. */
const AHEAD = 2;

const isaNames: Readonly<Record<string, string>> = { baseline: "SSE2", avx2: "AVX2", avx512: "AVX-512", neon: "NEON" };

/** A CPU backend with a queue and memory of its own; all share the process's threads. `maxBytes` limits what it reserves. */
export function createCpuBackend({ maxBytes }: { maxBytes?: number } = {}): Backend {
  const addon = loadAddon();
  const counters = newCounters();
  const instance = new addon.Instance();
  const memory = new NativeMemory(addon, instance, counters, maxBytes);
  const writer = new CommandWriter(parseCommands(addon.commands), (words, count) => instance.submit(words, count));
  const fences: Promise<NativeFailure | null>[] = [];
  /** Throws what a kernel reported, once: the queue goes on with what is enqueued from now on. */
  const expectNone = (failure: NativeFailure | null): void => {
    if (!failure) return;
    fences.length = 0; // those under way can only tell the same again
    writer.begin("clearError", "clearError").end();
    writer.flush();
    throw failureError(failure, writer.labelOf(failure.seq));
  };
  const fence = (): Promise<NativeFailure | null> => {
    writer.flush();
    return instance.fence();
  };
  const { name: isa } = addon.instructionSet();
  return {
    name: "cpu",
    description: `${isaNames[isa] ?? isa}, ${instance.threads} ${instance.threads === 1 ? "thread" : "threads"}`,
    numerics: `cpu ${isaNames[isa] ?? isa}`,
    limits: { maxBufferBytes: Number.MAX_SAFE_INTEGER, types: ["f32", "i32", "u8"] },
    kernels: {
      ...elementwiseKernels(writer),
      ...movementKernels(writer),
      ...reductionKernels(writer),
      ...layerKernels(writer, addon),
      ...productKernels({ writer, addon, allocate: (bytes) => memory.alloc(bytes, "persistent") }),
    },
    counters,
    alloc: (bytes, lifetime) => memory.alloc(bytes, lifetime),
    free: (slot) => memory.free(blockOf(slot)),
    write(slot, byteOffset, bytes) {
      counters.bytesWritten += bytes.length;
      if (bytes.length === 0) return;
      const staging = instance.stage(bytes);
      if (staging === 0) throw outOfMemory(bytes.length, counters.bytesLive, counters.bytesReserved);
      writer
        .begin("write", "write")
        .real(staging, blockOf(slot).address + byteOffset, bytes.length)
        .end();
    },
    async read(slot, byteOffset, byteLength) {
      counters.bytesRead += byteLength;
      writer.flush();
      const { failure, bytes } = await instance.read(blockOf(slot).address + byteOffset, byteLength);
      expectNone(failure);
      return bytes;
    },
    async throttle() {
      fences.push(fence());
      if (fences.length > AHEAD) expectNone(await fences.shift()!);
    },
    async sync() {
      fences.length = 0;
      expectNone(await fence());
    },
    profile: () => instance.profile().map(({ command, calls, nanoseconds }) => ({ work: command, calls, seconds: nanoseconds / 1e9 })),
    async dispose() {
      await fence();
      instance.close();
    },
  };
}

/** This backend's slots are blocks of its memory. */
const blockOf = (slot: Slot): MemoryRange => slot as MemoryRange;

const problems: Readonly<Record<string, string>> = {
  E_TOKEN_ID: "a token id lies outside of the embedding table",
  E_TARGET: "a target lies outside of the classes",
  E_INDEX: "an index lies outside of the tensor",
};

function failureError({ code, detail }: NativeFailure, place: string): AttuneError {
  return new AttuneError({ code, place, problem: problems[code] ?? "a native kernel failed", got: String(detail) });
}
