// A device that computes nothing and counts everything: launches, allocations and bytes of a step, exactly, without doing it.

import { newCounters } from "./backend.ts";
import type { Backend, Kernel } from "./backend.ts";
import { expectWithin } from "./slot-range.ts";

/** Accepts every op as one launch; reads give zeros. */
export function createNullBackend(): Backend {
  const counters = newCounters();
  const nothing: Kernel = { run() {} };
  return {
    name: "null",
    description: "counts, computes nothing",
    numerics: "null",
    limits: { maxBufferBytes: Number.MAX_SAFE_INTEGER, types: ["f64", "f32", "bf16", "f16", "i32", "u8"], native: ["f32", "bf16"] },
    kernels: new Proxy({}, { get: () => nothing }),
    counters,
    alloc(bytes) {
      counters.allocations++;
      counters.bytesLive += bytes;
      counters.bytesPeak = Math.max(counters.bytesPeak, counters.bytesLive);
      return { bytes };
    },
    free(slot) {
      counters.bytesLive -= slot.bytes;
    },
    write(slot, byteOffset, bytes) {
      expectWithin(slot, byteOffset, bytes.length);
      counters.bytesWritten += bytes.length;
    },
    async read(slot, byteOffset, byteLength) {
      expectWithin(slot, byteOffset, byteLength);
      counters.bytesRead += byteLength;
      return new ArrayBuffer(byteLength);
    },
    async throttle() {},
    async sync() {},
    async dispose() {},
  };
}
