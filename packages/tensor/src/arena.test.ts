import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Arena } from "./arena.ts";
import type { Lifetime } from "./backend.ts";
import type { MemoryRange } from "./free-ranges.ts";

const KB = 1024;
const MB = 1024 * KB;

/** Chunks at addresses like those of a real process, side by side so that a wrong join would show. */
function createSource(base = 2 ** 46) {
  const chunks = new Set<MemoryRange>();
  let next = base;
  return {
    chunks,
    reserve(bytes: number): MemoryRange {
      const chunk = { address: next, bytes };
      next += bytes;
      chunks.add(chunk);
      return chunk;
    },
    release(chunk: MemoryRange): void {
      if (!chunks.delete(chunk)) throw new Error("released twice");
    },
  };
}

type Action = { free: number } | { bytes: number; lifetime: Lifetime };

const lifetime = fc.constantFrom<Lifetime>("saved", "temporary", "persistent");
const bytes = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: 70 * KB }), fc.integer({ min: 64 * KB, max: 12 * MB }));
const actions = fc.array(fc.oneof(fc.record({ bytes, lifetime }), fc.record({ bytes, lifetime }), fc.record({ free: fc.nat() })), {
  maxLength: 120,
});

/** Runs the actions; a `free` picks any block in use. */
function replay(list: readonly Action[], seen: (arena: Arena, live: readonly MemoryRange[]) => void = () => {}) {
  const source = createSource();
  const arena = new Arena(source, { chunkBytes: 4 * MB });
  const live: MemoryRange[] = [];
  const addresses: number[] = [];
  for (const action of list) {
    if ("bytes" in action) {
      const block = arena.alloc(action.bytes, action.lifetime);
      live.push(block);
      addresses.push(block.address);
    } else if (live.length > 0) {
      arena.free(live.splice(action.free % live.length, 1)[0]);
    }
    seen(arena, live);
  }
  return { arena, source, live, addresses };
}

describe("Arena", () => {
  it("hands out aligned blocks within chunks that never overlap", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const { live, source } = replay(list);
        const sorted = live.toSorted((a, b) => a.address - b.address);
        sorted.forEach(({ address, bytes: size }, i) => {
          expect(address % 64).toBe(0);
          if (i > 0) expect(address).toBeGreaterThanOrEqual(sorted[i - 1].address + Math.max(1, sorted[i - 1].bytes));
          expect([...source.chunks].some((chunk) => address >= chunk.address && address + size <= chunk.address + chunk.bytes)).toBe(true);
        });
      }),
    );
  });

  it("counts exactly what was asked for", () => {
    fc.assert(
      fc.property(actions, (list) => {
        let peak = 0;
        const { arena, source, addresses } = replay(list, ({ counters }, live) => {
          const total = live.reduce((sum, block) => sum + block.bytes, 0);
          peak = Math.max(peak, total);
          expect(counters.bytesLive).toBe(total);
          expect(counters.bytesPeak).toBe(peak);
        });
        expect(arena.counters.allocations).toBe(addresses.length);
        expect(arena.counters.reserves).toBe(source.chunks.size);
        expect(arena.counters.bytesReserved).toBe([...source.chunks].reduce((sum, chunk) => sum + chunk.bytes, 0));
      }),
    );
  });

  it("joins everything to whole chunks once all is free", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const { arena, source, live } = replay(list);
        for (const block of live) arena.free(block);
        expect(arena.counters.bytesLive).toBe(0);
        expect(arena.trim()).toEqual([]);
        expect(source.chunks.size).toBe(0);
        expect(arena.counters.bytesReserved).toBe(0);
      }),
    );
  });

  it("trims only what is free, in whole steps", () => {
    fc.assert(
      fc.property(actions, (list) => {
        const { arena, live } = replay(list);
        for (const range of arena.trim({ granularity: 256 * KB })) {
          expect(range.address % (256 * KB)).toBe(0);
          expect(range.bytes % (256 * KB)).toBe(0);
          for (const block of live)
            expect(block.address + block.bytes <= range.address || block.address >= range.address + range.bytes).toBe(true);
        }
      }),
    );
  });

  it("gives the same addresses to the same calls", () => {
    fc.assert(
      fc.property(actions, (list) => {
        expect(replay(list).addresses).toEqual(replay(list).addresses);
      }),
    );
  });

  it("wastes less than 1/16 on large blocks and less than 1/4, or 64 bytes, on small ones", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 * MB }), (size) => {
        const arena = new Arena(createSource(0), { chunkBytes: 1024 * MB });
        const [first, second] = [arena.alloc(size, "saved"), arena.alloc(size, "saved")];
        const waste = second.address - first.address - size;
        expect(waste).toBeGreaterThanOrEqual(0);
        expect(waste).toBeLessThanOrEqual(size < 64 * KB ? Math.max(63, size / 4) : size / 16);
      }),
    );
  });

  it("asks for no more memory when a step is run again, or a slightly smaller one", () => {
    const source = createSource();
    const arena = new Arena(source, { chunkBytes: 4 * MB });
    const step = (tokens: number): void => {
      const saved: MemoryRange[] = [];
      for (let layer = 0; layer < 6; layer++) {
        const scratch = [arena.alloc(tokens * 4096, "temporary"), arena.alloc(100, "temporary")];
        saved.push(arena.alloc(tokens * 1536, "saved"), arena.alloc(tokens * 6144, "saved"));
        for (const block of scratch) arena.free(block);
      }
      for (const block of saved.toReversed()) arena.free(block);
    };
    step(500);
    const { reserves } = arena.counters;
    for (const tokens of [500, 499, 480, 333, 500]) step(tokens);
    expect(arena.counters.reserves).toBe(reserves);
    expect(arena.counters.bytesLive).toBe(0);
  });

  it("asks for nothing more once what a step needs was reserved, whatever was asked for before", () => {
    const source = createSource();
    const arena = new Arena(source, { chunkBytes: 4 * MB });
    const weights = Array.from({ length: 9 }, (_, i) => arena.alloc(300 * KB + i * KB, "persistent"));
    arena.reserve(50 * MB, 3 * MB);
    const { reserves } = arena.counters;
    for (const share of [0.3, 1, 0.7, 0.9]) {
      const saved = Array.from({ length: 20 }, () => arena.alloc(Math.round(share * MB), "saved"));
      const temporary = Array.from({ length: 5 }, () => arena.alloc(Math.round(3 * share * MB), "temporary"));
      for (const block of [...temporary, ...saved.toReversed()]) arena.free(block);
    }
    arena.reserve(30 * MB, 3 * MB); // so much is free already
    expect(arena.counters.reserves).toBe(reserves);
    for (const block of weights) arena.free(block);
  });

  it("lets saved blocks grow from the low end and temporaries from the high end", () => {
    const arena = new Arena(createSource(0), { chunkBytes: 4 * MB });
    const [saved, temporary, persistent] = [arena.alloc(MB, "saved"), arena.alloc(MB, "temporary"), arena.alloc(MB, "persistent")];
    expect(saved.address).toBe(0);
    expect(temporary.address).toBe(4 * MB - MB - KB);
    expect(persistent.address).toBe(MB + KB);
  });

  it("starts neighbouring large blocks at different offsets within 4 KB", () => {
    const arena = new Arena(createSource(0));
    const offsets = Array.from({ length: 4 }, () => arena.alloc(MB, "saved").address % (4 * KB));
    expect(offsets.toSorted((a, b) => a - b)).toEqual([0, KB, 2 * KB, 3 * KB]);
  });

  it("refuses a block that is not in use", () => {
    const arena = new Arena(createSource());
    for (const size of [10, MB]) {
      const block = arena.alloc(size, "saved");
      arena.free(block);
      const again = arena.alloc(size, "saved");
      expect(again.address).toBe(block.address);
      expect(() => arena.free(block)).toThrow(expect.objectContaining({ code: "E_DOUBLE_FREE" }));
    }
    expect(() => arena.alloc(-1, "saved")).toThrow(expect.objectContaining({ code: "E_ATTRIBUTE" }));
  });

  it("is unchanged when its source has no more, and gives everything back at the end", () => {
    const source = createSource();
    let full = false;
    const arena = new Arena({
      release: source.release,
      reserve(size) {
        if (full) throw new Error("no more");
        return source.reserve(size);
      },
    });
    arena.alloc(60 * MB, "saved");
    full = true;
    const before = { ...arena.counters };
    expect(() => arena.alloc(60 * MB, "saved")).toThrow("no more");
    expect(arena.counters).toEqual(before);
    arena.dispose();
    expect(source.chunks.size).toBe(0);
  });
});
