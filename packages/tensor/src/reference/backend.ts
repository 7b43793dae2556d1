// The reference backend: every op as a plain loop in TypeScript, in f32, f64 or bf16. It is the specification that other backends are compared
// with, and what carries on, slowly, where no native addon can be built. It computes when called; its queue is always empty.

import { AttuneError } from "@attune/core";
import { newCounters } from "../backend.ts";
import type { Backend, Slot } from "../backend.ts";
import { expectWithin } from "../slot-range.ts";
import { referenceKernels } from "./kernels.ts";
import type { BufferSlot } from "./memory.ts";

/** A backend that computes in plain TypeScript; `maxBytes` limits the live bytes. */
export function createReferenceBackend({ maxBytes = 2 ** 36 }: { maxBytes?: number } = {}): Backend {
  const counters = newCounters();
  const live = new Set<Slot>();
  return {
    name: "typescript",
    description: "plain TypeScript, 1 thread",
    numerics: "typescript",
    limits: { maxBufferBytes: 2 ** 32, types: ["f64", "f32", "bf16", "i32", "u8"], native: ["f64", "f32"] },
    kernels: referenceKernels,
    counters,
    alloc(bytes) {
      if (counters.bytesLive + bytes > maxBytes) throw outOfMemory(bytes, counters.bytesLive, maxBytes);
      const slot: BufferSlot = { bytes, buffer: bufferOf(bytes, counters.bytesLive) };
      counters.allocations++;
      counters.bytesLive += bytes;
      counters.bytesPeak = Math.max(counters.bytesPeak, counters.bytesLive);
      live.add(slot);
      return slot;
    },
    free(slot) {
      if (!live.delete(slot)) throw new AttuneError({ code: "E_DOUBLE_FREE", place: "typescript", problem: "the memory is not in use" });
      counters.bytesLive -= slot.bytes;
    },
    write(slot, byteOffset, bytes) {
      expectWithin(slot, byteOffset, bytes.length);
      counters.bytesWritten += bytes.length;
      bytesOf(slot).set(bytes, byteOffset);
    },
    async read(slot, byteOffset, byteLength) {
      expectWithin(slot, byteOffset, byteLength);
      counters.bytesRead += byteLength;
      return bytesOf(slot).slice(byteOffset, byteOffset + byteLength).buffer;
    },
    // Work is done when it is asked for, so a loop over this backend would never let timers and signals in without a pause.
    throttle: () => new Promise((resolve) => setTimeout(resolve)),
    async sync() {},
    async dispose() {},
  };
}

const bytesOf = (slot: Slot): Uint8Array<ArrayBuffer> => new Uint8Array((slot as BufferSlot).buffer);

/** Zeros; E_OUT_OF_MEMORY where the runtime refuses, whatever the limit. */
function bufferOf(bytes: number, live: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw outOfMemory(bytes, live, live);
  }
}

/** E_OUT_OF_MEMORY with what was asked, what is live and the limit. */
export function outOfMemory(asked: number, live: number, limit: number): AttuneError {
  return new AttuneError({
    code: "E_OUT_OF_MEMORY",
    problem: `${asked.toLocaleString("en")} bytes were asked for, ${live.toLocaleString("en")} are in use, and the limit is ${limit.toLocaleString("en")}`,
    hint: "use a smaller --batch-size or --max-length",
  });
}
