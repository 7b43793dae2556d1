// Where a backend's tensors lie: addresses within large chunks of memory, decided at enqueue time and never by the system's allocator, so that a
// step that ran once asks for nothing more. Only arithmetic: the backend maps the chunks, and the arena never touches them.
// What backward needs grows from the low end of a free range and temporaries from the high end: lifetimes nest, so holes close again.

import { AttuneError } from "@attune/core";
import { newCounters } from "./backend.ts";
import type { Counters, Lifetime } from "./backend.ts";
import { FreeRanges } from "./free-ranges.ts";
import type { MemoryRange } from "./free-ranges.ts";

/** How an arena gets and gives back memory. A chunk may be larger than asked for; its address is a multiple of 1024. */
export interface ChunkSource {
  reserve(bytes: number): MemoryRange;
  release(chunk: MemoryRange): void;
}

const KB = 1024;
const MB = 1024 * KB;
/** Blocks from here on are ranges of their own; smaller ones share slabs. */
const LARGE = 64 * KB;

/** A piece of a chunk that is in use: a large block, or a slab of small ones. */
interface Piece extends MemoryRange {
  readonly chunk: MemoryRange;
}

/** Equal small blocks cut from one piece. */
interface Slab {
  readonly piece: Piece;
  readonly key: string;
  readonly blockBytes: number;
  /** Addresses that are free; the last is handed out next. */
  readonly free: number[];
  used: number;
}

export class Arena {
  /** Exact: bytes as they were asked for, and chunks. */
  readonly counters: Counters;
  readonly #source: ChunkSource;
  readonly #chunkBytes: number;
  readonly #free = new FreeRanges();
  readonly #chunks = new Set<MemoryRange>();
  /** What each block in use was cut from. */
  readonly #live = new Map<MemoryRange, Piece | Slab>();
  /** Slabs with a free block, by class and end. */
  readonly #open = new Map<string, Set<Slab>>();

  /** Chunks are of `chunkBytes` (64 MB), or as large as one block needs; `counters` may be those of the backend. */
  constructor(source: ChunkSource, { chunkBytes = 64 * MB, counters = newCounters() }: { chunkBytes?: number; counters?: Counters } = {}) {
    this.#source = source;
    this.#chunkBytes = chunkBytes;
    this.counters = counters;
  }

  /** A block of at least `bytes` bytes at a multiple of 64. Passes on what `reserve` throws, and is unchanged then. */
  alloc(bytes: number, lifetime: Lifetime): MemoryRange {
    if (!(Number.isSafeInteger(bytes) && bytes >= 0)) {
      throw new AttuneError({ code: "E_ATTRIBUTE", place: "arena", expected: "a number of bytes", got: String(bytes) });
    }
    const end = lifetime === "temporary" ? "high" : "low";
    const block = bytes < LARGE ? this.#takeSmall(bytes, end) : this.#takeLarge(bytes, end);
    const { counters } = this;
    counters.allocations++;
    counters.bytesLive += bytes;
    counters.bytesPeak = Math.max(counters.bytesPeak, counters.bytesLive);
    return block;
  }

  /** Gives a block back, by the object that `alloc` returned; E_DOUBLE_FREE otherwise. */
  free(block: MemoryRange): void {
    const owner = this.#live.get(block);
    if (!owner) throw new AttuneError({ code: "E_DOUBLE_FREE", place: "arena", problem: `the block at ${block.address} is not in use` });
    this.#live.delete(block);
    this.counters.bytesLive -= block.bytes;
    if ("free" in owner) this.#freeSmall(block, owner);
    else this.#free.add(owner, owner.chunk);
  }

  /**
   * Has at least `bytes` free, for blocks of at most `largest`, in chunks that each hold several of those (the last only what is missing): in one
   * range as large as all, what grows from its two ends would in time touch more of it than is ever in use. Passes on what the source throws, and
   * keeps the chunks that it got before.
   */
  reserve(bytes: number, largest: number): void {
    const block = largeSize(largest);
    for (let missing = bytes - this.#free.total; missing > 0; missing = bytes - this.#free.total) {
      this.#addChunk(Math.min(3.2 * block, Math.max(block, missing)));
    }
  }

  /**
   * Gives chunks without any block back to their source, and returns the free ranges of the others, cut to multiples of `granularity`: memory
   * whose contents the system may drop. Commands that are still under way may use both: it is for the source and the caller to wait for them.
   */
  trim({ granularity = 2 * MB }: { granularity?: number } = {}): MemoryRange[] {
    for (const chunk of this.#chunks) {
      if (this.#free.forget(chunk)) this.#release(chunk);
    }
    const ranges: MemoryRange[] = [];
    for (const { address, bytes } of this.#free) {
      const start = Math.ceil(address / granularity) * granularity;
      const end = Math.floor((address + bytes) / granularity) * granularity;
      if (end > start) ranges.push({ address: start, bytes: end - start });
    }
    return ranges.sort((a, b) => a.address - b.address);
  }

  /** Gives all chunks back, whatever is in use. */
  dispose(): void {
    for (const chunk of this.#chunks) {
      this.#free.forget(chunk);
      this.#release(chunk);
    }
    this.#live.clear();
    this.#open.clear();
    this.counters.bytesLive = 0;
  }

  #takeLarge(bytes: number, end: "low" | "high"): MemoryRange {
    const piece = this.#takePiece(largeSize(bytes), end);
    const block = { address: piece.address, bytes };
    this.#live.set(block, piece);
    return block;
  }

  #takeSmall(bytes: number, end: "low" | "high"): MemoryRange {
    const blockBytes = smallSize(bytes);
    const key = `${blockBytes} ${end}`;
    const open = this.#open.get(key) ?? new Set<Slab>();
    this.#open.set(key, open);
    let [slab] = open;
    if (!slab) {
      slab = this.#makeSlab(blockBytes, key, end);
      open.add(slab);
    }
    const block = { address: slab.free.pop()!, bytes };
    slab.used++;
    if (slab.free.length === 0) open.delete(slab);
    this.#live.set(block, slab);
    return block;
  }

  #freeSmall({ address }: MemoryRange, slab: Slab): void {
    const open = this.#open.get(slab.key)!;
    slab.free.push(address);
    slab.used--;
    open.add(slab);
    if (slab.used > 0) return;
    open.delete(slab);
    this.#free.add(slab.piece, slab.piece.chunk);
  }

  /** At least 16 blocks, lowest address first. */
  #makeSlab(blockBytes: number, key: string, end: "low" | "high"): Slab {
    const piece = this.#takePiece(largeSize(Math.max(LARGE, 16 * blockBytes)), end);
    const count = Math.floor(piece.bytes / blockBytes);
    const free = Array.from({ length: count }, (_, i) => piece.address + (count - 1 - i) * blockBytes);
    return { piece, key, blockBytes, free, used: 0 };
  }

  #takePiece(bytes: number, end: "low" | "high"): Piece {
    const found = this.#free.take(bytes, end);
    if (found) return found;
    this.#addChunk(bytes);
    return this.#free.take(bytes, end)!;
  }

  #addChunk(bytes: number): void {
    const chunk = this.#source.reserve(Math.max(this.#chunkBytes, Math.ceil(bytes / (2 * MB)) * 2 * MB));
    this.counters.reserves++;
    this.counters.bytesReserved += chunk.bytes;
    this.#chunks.add(chunk);
    this.#free.add(chunk, chunk);
  }

  #release(chunk: MemoryRange): void {
    this.#chunks.delete(chunk);
    this.counters.bytesReserved -= chunk.bytes;
    this.#source.release(chunk);
  }
}

/** Four classes per doubling, multiples of 64: 64, 128, 192, 256, 320, 384, 448, 512, 640 … 65536. */
function smallSize(bytes: number): number {
  const step = bytes <= 256 ? 64 : 2 ** Math.floor(Math.log2(bytes - 1)) / 4;
  return Math.max(64, Math.ceil(bytes / step) * step);
}

/**
 * Rounded up by less than 1/16, so that batches of slightly different lengths reuse the same holes, and to an odd number of KB, so that neighbours
 * start at different offsets within 4 KB: loads and stores at equal offsets are taken for the same address by many processors.
 */
function largeSize(bytes: number): number {
  const step = 2 ** Math.floor(Math.log2(bytes)) / 32;
  return Math.ceil(bytes / step) * step + KB;
}
