// How much is taken of what there is, on machines that this one is not.

import { newCounters } from "@attune/tensor";
import { expect, it } from "vitest";
import { createCpuBackend } from "./index.ts";
import { NativeMemory } from "./memory.ts";
import type { NativeAddon, NativeInstance } from "./native.ts";

const MB = 1 << 20;

/** Memory of a system that says this of itself and grants `granted` bytes; `mapped` are the sizes that it gave. */
function memoryOf(said: { limit: number; available: number }, granted: number) {
  const mapped: number[] = [];
  const addon = { memory: () => ({ used: 0, ...said }), trimAllocator() {} } as unknown as NativeAddon;
  const instance = {
    map(bytes: number): number {
      if (mapped.reduce((sum, size) => sum + size, bytes) > granted) return 0;
      mapped.push(bytes);
      return 2 ** 40 * mapped.length;
    },
    unmap() {},
  } as unknown as NativeInstance;
  return { mapped, memory: new NativeMemory(addon, instance, newCounters()) };
}

it("takes what the system grants where nobody says how much there is", () => {
  const { memory } = memoryOf({ limit: 0, available: 0 }, 128 * MB);
  expect(memory.alloc(100 * MB, "persistent").bytes).toBe(100 * MB);
  expect(() => memory.alloc(100 * MB, "persistent")).toThrow(expect.objectContaining({ code: "E_OUT_OF_MEMORY" }));
});

it("takes nothing in a container that is full", () => {
  const { memory } = memoryOf({ limit: 1024 * MB, available: 1 }, Infinity);
  expect(() => memory.alloc(4, "persistent")).toThrow(expect.objectContaining({ code: "E_OUT_OF_MEMORY" }));
});

it("reserves what is missing and no more in the last chunk", () => {
  const { memory, mapped } = memoryOf({ limit: 0, available: 0 }, Infinity);
  memory.reserve({ bytes: 400 * MB, largest: 50 * MB });
  expect(mapped).toHaveLength(3);
  expect(mapped.reduce((sum, bytes) => sum + bytes)).toBeLessThan(410 * MB);
});

it("keeps what it got where the system refuses the rest of a reservation", () => {
  const { memory, mapped } = memoryOf({ limit: 0, available: 0 }, 200 * MB);
  memory.reserve({ bytes: 400 * MB, largest: 50 * MB });
  expect(mapped).toHaveLength(1);
  expect(memory.alloc(50 * MB, "saved").bytes).toBe(50 * MB);
  expect(mapped).toHaveLength(1);
});

it.each([
  [400, 310, 47],
  [400, 310, 4],
  [4500, 3400, 768],
])("never ends in a refusal: at most %i MB, of which %i are needed in blocks of %i", async (most, bytes, largest) => {
  const backend = createCpuBackend({ maxBytes: most * MB });
  backend.reserve!({ bytes: bytes * MB, largest: largest * MB });
  expect(backend.counters.bytesReserved).toBeGreaterThanOrEqual(bytes * MB);
  expect(backend.counters.bytesReserved).toBeLessThanOrEqual(most * MB);
  await backend.dispose();
});

it("copies nothing from or to beyond a block", async () => {
  const backend = createCpuBackend();
  const slot = backend.alloc(8, "persistent");
  backend.write(slot, 0, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  expect(() => backend.write(slot, 5, new Uint8Array(4))).toThrow(expect.objectContaining({ code: "E_ATTRIBUTE" }));
  await expect(backend.read(slot, 5, 4)).rejects.toMatchObject({ code: "E_ATTRIBUTE" });
  expect([...new Uint8Array(await backend.read(slot, 4, 4))]).toEqual([5, 6, 7, 8]);
  await backend.dispose();
});
