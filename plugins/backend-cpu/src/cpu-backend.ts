// The CPU backend: commands go to native threads through one in-order queue, so JavaScript runs ahead and only reading back is awaited.

import { AttuneError } from "@attune/core";
import { expectWithin, newCounters, outOfMemory } from "@attune/tensor";
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
import type { NativeAddon, NativeFailure, NativeInstance } from "./native.ts";

/** Steps that JavaScript may be ahead of the threads. */
const AHEAD = 2;
/** Bytes of a tensor that are copied at a time. */
const PIECE = 1 << 20;

const isaNames: Readonly<Record<string, string>> = {
  baseline: "SSE2",
  avx2: "AVX2",
  avx512: "AVX-512",
  avx512bf16: "AVX-512 BF16",
  amx: "AMX",
  neon: "NEON",
  neonbf16: "NEON BF16",
};

/** A CPU backend with a queue and memory of its own; all share the process's threads. `maxBytes` limits what it reserves. */
export function createCpuBackend({ maxBytes }: { maxBytes?: number } = {}): Backend {
  const addon = loadAddon();
  const counters = newCounters();
  const instance = openInstance(addon);
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
  const { name: isa, nativeBf16, reason, absent } = addon.instructionSet();
  return {
    name: "cpu",
    description: `${isaNames[isa] ?? isa}, ${instance.threads} ${instance.threads === 1 ? "thread" : "threads"}`,
    notes: [reason, ...absent.map((set) => `not used: ${set}`), ...(nativeBf16 ? [] : ["bf16 saves memory here, not time"])],
    numerics: `cpu ${isaNames[isa] ?? isa}`,
    limits: {
      maxBufferBytes: Number.MAX_SAFE_INTEGER,
      types: ["f32", "bf16", "i32", "u8"],
      native: nativeBf16 ? ["f32", "bf16"] : ["f32"],
    },
    kernels: {
      ...elementwiseKernels(writer),
      ...movementKernels(writer),
      ...reductionKernels(writer),
      ...layerKernels(writer, addon),
      ...productKernels({
        writer,
        addon,
        allocate: (bytes) => memory.alloc(bytes, "persistent"),
        free: (slot) => memory.free(blockOf(slot)),
      }),
    },
    counters,
    alloc: (bytes, lifetime) => memory.alloc(bytes, lifetime),
    free: (slot) => memory.free(blockOf(slot)),
    reserve: (need) => memory.reserve(need),
    async trim() {
      // Nothing that is enqueued from here on gets these chunks, whoever enqueues it while this waits.
      const { ranges, chunks } = memory.trim();
      for (const { address, bytes } of ranges) writer.begin("trim", "trim").real(address, bytes).end();
      await fence();
      for (const { address } of chunks) instance.unmap(address);
    },
    write(slot, byteOffset, bytes) {
      expectWithin(slot, byteOffset, bytes.length);
      counters.bytesWritten += bytes.length;
      // Piece by piece, each on its way at once: the copies of a large tensor take one another's memory instead of as much again.
      for (let at = 0; at < bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        const staging = instance.stage(piece);
        if (staging === 0) throw outOfMemory(piece.length, counters.bytesLive, counters.bytesReserved);
        writer
          .begin("write", "write")
          .real(staging, blockOf(slot).address + byteOffset + at, piece.length)
          .end();
        if (piece.length === PIECE) writer.flush();
      }
    },
    async read(slot, byteOffset, byteLength) {
      expectWithin(slot, byteOffset, byteLength);
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
    trace(on) {
      const words = instance.trace(on);
      const ran = Array.from({ length: words.length / 4 }, (_, i) => {
        const [sequence, opcode, start, nanoseconds] = words.subarray(4 * i, 4 * i + 4);
        return {
          label: writer.labelOf(sequence),
          work: writer.table.nameOf(opcode),
          start: start / 1e9,
          seconds: nanoseconds / 1e9,
        };
      });
      writer.trace(on);
      return ran;
    },
    profile: () => instance.profile().map(({ command, calls, nanoseconds }) => ({ work: command, calls, seconds: nanoseconds / 1e9 })),
    async dispose() {
      await fence();
      instance.close();
    },
  };
}

/** E_NATIVE with the reason where the system grants no thread, or no memory for one. */
function openInstance(addon: NativeAddon): NativeInstance {
  try {
    return new addon.Instance();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new AttuneError({ code: "E_NATIVE", place: "backend cpu", problem, hint: "use --device typescript, or raise the limits", cause });
  }
}

/** This backend's slots are blocks of its memory. */
const blockOf = (slot: Slot): MemoryRange => slot as MemoryRange;

const problems: Readonly<Record<string, string>> = {
  E_TOKEN_ID: "a token id lies outside of the embedding table",
  E_TARGET: "a target lies outside of the classes",
  E_INDEX: "an index lies outside of the tensor",
};

function failureError({ code, detail }: NativeFailure, place: string): AttuneError {
  const known = code === "E_TARGET" ? "E_INDEX" : code; // one code for it on every backend
  return new AttuneError({ code: known, place, problem: problems[code] ?? "a native kernel failed", got: String(detail) });
}
