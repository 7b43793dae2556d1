// The backend's memory: an arena over chunks that the addon maps. Addresses are handed out and taken back when commands are enqueued, not
// when they run: the queue is in order, so a freed block may be reused at once.

import { Arena, outOfMemory } from "@attune/tensor";
import type { Counters, Lifetime, MemoryRange } from "@attune/tensor";
import type { NativeAddon, NativeInstance } from "./native.ts";

/** Thrown by the arena's source, told to the user with the size that was asked for. */
class Refused extends Error {}

export class NativeMemory {
  readonly #addon: NativeAddon;
  readonly #arena: Arena;
  readonly #limit: number;

  /** At most `limit` bytes are reserved, and never more than the system can give. */
  constructor(addon: NativeAddon, instance: NativeInstance, counters: Counters, limit = Infinity) {
    this.#addon = addon;
    this.#limit = limit;
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

  /** Bytes that may still be reserved. */
  get #allowed(): number {
    return Math.max(0, Math.min(this.#addon.memory().available, this.#limit - this.#arena.counters.bytesReserved));
  }
}
