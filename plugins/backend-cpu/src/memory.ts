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

export class NativeMemory {
  readonly #addon: NativeAddon;
  readonly #arena: Arena;
  readonly #limit: number;
  /** What the system could give before anything was reserved. */
  readonly #atFirst: number;

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
    this.#arena = new Arena({ reserve, release: ({ address }) => instance.unmap(address) }, { counters });
  }

  /** E_OUT_OF_MEMORY with the bytes asked for. */
  alloc(bytes: number, lifetime: Lifetime): MemoryRange {
    try {
      return this.#arena.alloc(bytes, lifetime);
    } catch (error) {
      const { bytesLive, bytesReserved } = this.#arena.counters;
      throw error instanceof Refused ? outOfMemory(bytes, bytesLive, bytesReserved + this.#allowed) : error;
    }
  }

  free(block: MemoryRange): void {
    this.#arena.free(block);
  }

  /** Has so many bytes; where they would be most of what is left, memory is got as it is needed. What loading left behind goes back before. */
  reserve({ bytes, largest }: Need): void {
    this.#addon.trimAllocator();
    if (bytes < 0.8 * this.#allowed) this.#arena.reserve(bytes, largest);
  }

  /** Unmaps chunks that hold nothing, and gives the other free ranges. Only while no command is under way. */
  trim(): MemoryRange[] {
    return this.#arena.trim();
  }

  /** Bytes that may still be reserved: a chunk takes memory as it is written, so what is reserved counts as taken, though the system still has it. */
  get #allowed(): number {
    const reserved = this.#arena.counters.bytesReserved;
    return Math.max(0, Math.min(this.#grantable, this.#atFirst - reserved, this.#limit - reserved));
  }

  /** What the system can give now, without what JavaScript is left. */
  get #grantable(): number {
    const { available, limit } = this.#addon.memory();
    return available - Math.min(MOST_SPARED, Math.max(LEAST_SPARED, limit / 16));
  }
}
