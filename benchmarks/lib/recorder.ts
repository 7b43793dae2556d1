// A CPU backend whose commands go into a list instead of to the threads: launches, bytes and commands of a step are known exactly and at
// once, and the list can be replayed without Node. Nothing is computed; reads give zeros.

import { createCpuBackend, loadAddon } from "@attune/backend-cpu";
import type { NativeAddon, NativeInstance } from "@attune/backend-cpu";
import type { Backend } from "@attune/tensor";

/** Where made-up memory begins: at 8 GB, which is free in a process that replays (mapped there as recorded), also under valgrind, which keeps 64 GB on for itself. */
const FIRST = 0x2_0000_0000;
const CHUNK = 2 * 1024 * 1024;

/** What a replay needs: memory to map, host bytes, and words of whole commands in order. */
export interface Recording {
  readonly chunks: { readonly address: number; readonly bytes: number }[];
  /** Staged host bytes, by their address. */
  readonly staged: { readonly address: number; readonly bytes: Uint8Array }[];
  readonly words: Float64Array[];
  /** Forgets the commands so far (not memory, not staged bytes). */
  clear(): void;
}

/** A backend that records; `keep` false counts only and keeps no commands. */
export function createRecorder({ keep }: { keep: boolean }): { backend: Backend; recording: Recording; commands(): number } {
  const addon = loadAddon() as { Instance: NativeAddon["Instance"] };
  const { Instance } = addon;
  const recorded = new RecordingInstance(keep);
  // The one seam: `createCpuBackend` makes its instance from the addon object, so encoders, packs and arena are the real ones.
  addon.Instance = function () {
    return recorded;
  } as unknown as NativeAddon["Instance"];
  try {
    return { backend: createCpuBackend(), recording: recorded, commands: () => recorded.commands };
  } finally {
    addon.Instance = Instance;
  }
}

class RecordingInstance implements NativeInstance, Recording {
  readonly threads = 1;
  readonly chunks: { address: number; bytes: number }[] = [];
  readonly staged: { address: number; bytes: Uint8Array }[] = [];
  words: Float64Array[] = [];
  /** Submitted so far. */
  commands = 0;
  readonly #keep: boolean;
  #next = FIRST;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  clear(): void {
    this.words = [];
  }

  submit(words: Float64Array, count: number): void {
    for (let at = 0; at < count; at += words[at + 1]) this.commands++;
    if (this.#keep) this.words.push(words.slice(0, count));
  }

  map(bytes: number): number {
    const address = this.#take(bytes);
    this.chunks.push({ address, bytes });
    return address;
  }

  unmap(): void {}

  stage(bytes: Uint8Array): number {
    const address = this.#take(bytes.length);
    if (this.#keep) this.staged.push({ address, bytes: bytes.slice() });
    return address;
  }

  fence(): Promise<null> {
    return Promise.resolve(null);
  }

  read(_address: number, bytes: number): Promise<{ failure: null; bytes: ArrayBuffer }> {
    return Promise.resolve({ failure: null, bytes: new ArrayBuffer(bytes) });
  }

  peakFlops(): number {
    return 0;
  }

  streamBytes(): number {
    return 0;
  }

  busyNanoseconds(): number {
    return 0;
  }

  profile(): [] {
    return [];
  }

  trace(): Float64Array {
    return new Float64Array();
  }

  close(): void {}

  #take(bytes: number): number {
    const address = this.#next;
    this.#next += Math.max(1, Math.ceil(bytes / CHUNK)) * CHUNK;
    return address;
  }
}
