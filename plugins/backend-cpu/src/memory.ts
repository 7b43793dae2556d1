// The backend's memory: an arena over chunks that the addon maps. Addresses are handed out and taken back when commands are enqueued, not
// when they run: the queue is in order, so a freed block may be reused at once.

import { Arena, outOfMemory } from "@attune/tensor";
import type { Counters, Lifetime, MemoryRange, Need } from "@attune/tensor";
import type { NativeAddon, NativeInstance } from "./native.ts";

const MB = 1 << 20;
/** Left to JavaScript, whose heap grows beside the chunks: a container's last bytes would be answered by killing the process. */
const [LEAST_SPARED, MOST_SPARED] = [64 * MB, 256 * MB];

/** Thrown by the arena's source, told to the user with the size that was asked for. */
class Refused extends Error {}

/** What no longer belongs to the arena, and what it still has free. */
interface Trimmed {
  /** Chunks that hold nothing: `unmap` them behind a fence. */
  readonly chunks: readonly MemoryRange[];
  /** Free ranges of the other chunks, whose contents may be dropped in the queue's order. */
  readonly ranges: readonly MemoryRange[];
}

export class NativeMemory {
  readonly #addon: NativeAddon;
  readonly #arena: Arena;
  readonly #limit: number;
  /** What the system could give before anything was reserved. */
  readonly #atFirst: number;
  /** Chunks that the arena has let go of. */
  readonly #released: MemoryRange[] = [];

  /** At most `limit` bytes are reserved, and never more than the system can give. */
  constructor(addon: NativeAddon, instance: NativeInstance, counters: Counters, limit = Infinity) {
    this.#addon = addon;
    this.#limit = limit;
    this.#atFirst = this.#grantable;
    const reserve = (bytes: number): MemoryRange => {
      const address = bytes > this.#allowed ? 0 : instance.map(bytes);
      if (address === 0) throw new Refused();
      return { address, bytes };
    };
    this.#arena = new Arena({ reserve, release: (chunk) => this.#released.push(chunk) }, { counters });
  }

  /** E_OUT_OF_MEMORY with the bytes asked for. */
  alloc(bytes: number, lifetime: Lifetime): MemoryRange {
    try {
      return this.#arena.alloc(bytes, lifetime);
    } catch (error) {
      const { bytesLive, bytesReserved } = this.#arena.counters;
      const allowed = this.#allowed;
      throw error instanceof Refused ? outOfMemory(bytes, bytesLive, bytesReserved + (Number.isFinite(allowed) ? allowed : 0)) : error;
    }
  }

  free(block: MemoryRange): void {
    this.#arena.free(block);
  }

  /**
   * Has so many bytes; where they would be most of what is left, or the system refuses some of them, memory is got as it is needed. What loading
   * left behind goes back before.
   */
  reserve({ bytes, largest }: Need): void {
    this.#addon.trimAllocator();
    if (bytes >= 0.8 * this.#allowed) return;
    try {
      this.#arena.reserve(bytes, largest);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  /** Lets go of chunks that hold nothing: no block is cut from them any more, but commands that were enqueued before may still use them. */
  trim(): Trimmed {
    const ranges = this.#arena.trim();
    return { ranges, chunks: this.#released.splice(0) };
  }

  /** Bytes that may still be reserved: a chunk takes memory as it is written, so what is reserved counts as taken, though the system still has it. */
  get #allowed(): number {
    const reserved = this.#arena.counters.bytesReserved;
    return Math.max(0, Math.min(this.#grantable, this.#atFirst - reserved, this.#limit - reserved));
  }

  /** What the system can give now, without what JavaScript is left; Infinity where it does not say: then it refuses when it has no more. */
  get #grantable(): number {
    const { available, limit } = this.#addon.memory();
    if (available === 0) return Infinity;
    return available - Math.min(MOST_SPARED, Math.max(LEAST_SPARED, limit / 16));
  }
}
