// Arbitrary bytes through one reader: it must read them or say why not (AttuneError), within a second and with little memory.
// `npm test` tries 1,000 inputs a reader, `npm run fuzz` 100,000, `ATTUNE_FUZZ=1000000 npm run fuzz` as many as it says.

import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import * as fc from "fast-check";
import { AttuneError, concatBytes } from "../../packages/core/src/index.ts";
import { memoryFiles } from "../../packages/formats/test/memory-files.ts";
import type { MemoryFiles } from "../../packages/formats/test/memory-files.ts";

const runs = Number(process.env.ATTUNE_FUZZ ?? 1000);
/** Another one each time: ATTUNE_FUZZ_SEED. A failure prints it with the smallest input. */
export const seed = Number(process.env.ATTUNE_FUZZ_SEED ?? 20260611);

const LONGEST_MS = 1000;
/** Memory that a reader needs whatever it reads: its pieces, V8's own tables. */
const FIXED_BYTES = 8 << 20;
/** Bytes of the largest input that the watchdog can show. */
const SHOWN_BYTES = 1 << 16;

/** Pieces of JSON, for dictionaries. */
export const json = [
  "{",
  "}",
  "[",
  "]",
  ":",
  ",",
  '"',
  "null",
  "true",
  "-1",
  "1e999",
  "0.5",
  '""',
  '"\\ud800"',
  "\\u0000",
  "{}",
  "[[]]",
  '"__proto__"',
  "\uFEFF",
  "\n",
  "😀",
];

export interface Reader {
  /** What can be wrong in a particular way: mutations start from these. */
  readonly bases: readonly (Uint8Array | string)[];
  /** Pieces that mean something in this format. */
  readonly dictionary: readonly (Uint8Array | string)[];
  /** Reads "m" as a user's file would be. */
  read(files: MemoryFiles): Promise<unknown>;
  /** A name for the file, where its ending matters. */
  readonly file?: string;
  /** Of the inputs, where a reader has several formats and they are shared out. */
  readonly share?: number;
}

/** Reads many inputs; returns each outcome ("read", or the error's code) with how often it came. Throws for the first input that breaks a rule. */
export async function fuzz({ bases, dictionary, read, file = "m", share = 1 }: Reader): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  using watchdog = watch();
  const one = async (input: Uint8Array): Promise<void> => {
    watchdog.begin(input);
    const files = diskWith(file, input);
    const [before, started] = [allocated(), performance.now()];
    const outcome = await outcomeOf(() => read(files));
    const [milliseconds, bytes] = [performance.now() - started, allocated() - before];
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (bytes > FIXED_BYTES + 2 * input.length) throw new Error(`${bytes} bytes were allocated for an input of ${input.length}`);
    // The clock of a busy machine is no proof: only the same input, slow again, is.
    if (milliseconds < LONGEST_MS) return;
    const again = performance.now();
    await outcomeOf(() => read(diskWith(file, input)));
    if (performance.now() - again > LONGEST_MS) throw new Error(`${Math.round(milliseconds)} ms for an input of ${input.length} bytes`);
  };
  for (const base of bases) await one(bytesOf(base));
  await fc.assert(fc.asyncProperty(inputs(bases.map(bytesOf), dictionary.map(bytesOf)), one), { seed, numRuns: Math.ceil(runs * share) });
  return outcomes;
}

/** A disk with one file; text that is not UTF-8 is E_FILE, as on every other disk. */
function diskWith(file: string, input: Uint8Array): MemoryFiles {
  const files = memoryFiles({ [file]: input });
  const { readText } = files;
  files.readText = (path) =>
    readText(path).catch((cause: unknown) => {
      throw cause instanceof TypeError ? new AttuneError({ code: "E_FILE", place: path, problem: "is not valid UTF-8", cause }) : cause;
    });
  return files;
}

async function outcomeOf(read: () => Promise<unknown>): Promise<string> {
  try {
    await read();
    return "read";
  } catch (error) {
    if (error instanceof AttuneError) return error.code;
    throw error;
  }
}

/** Bytes that this process holds for JavaScript; a collection in between only lowers it. */
function allocated(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

/** A step of a mutation: what happens at which share of the input, with which piece. */
const step = (pieces: readonly Uint8Array[]) =>
  fc.record({
    kind: fc.constantFrom("replace", "insert", "remove", "repeat", "cut"),
    at: fc.nat(0xffff),
    length: fc.nat(12),
    piece: fc.oneof(
      { arbitrary: fc.constantFrom(...pieces), weight: 3 },
      { arbitrary: fc.uint8Array({ minLength: 1, maxLength: 4 }), weight: 1 },
      { arbitrary: fc.integer({ min: 32, max: 126 }).map((code) => Uint8Array.of(code)), weight: 2 },
    ),
  });

/** Bytes without any sense, and the bases with up to four mutations. */
function inputs(bases: readonly Uint8Array[], pieces: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutated = fc.tuple(fc.constantFrom(...bases), fc.array(step(pieces), { minLength: 1, maxLength: 4 })).map(([base, steps]) => {
    let bytes = base;
    for (const { kind, at, length, piece } of steps) {
      const start = Math.floor((at / 0x10000) * (bytes.length + 1));
      const end = Math.min(bytes.length, start + length);
      if (kind === "replace") bytes = concatBytes([bytes.subarray(0, start), piece, bytes.subarray(start + piece.length)]);
      else if (kind === "insert") bytes = concatBytes([bytes.subarray(0, start), piece, bytes.subarray(start)]);
      else if (kind === "remove") bytes = concatBytes([bytes.subarray(0, start), bytes.subarray(end)]);
      else if (kind === "repeat")
        bytes = concatBytes([bytes.subarray(0, end), ...Array.from({ length: 8 }, () => bytes.subarray(start, end)), bytes.subarray(end)]);
      else bytes = bytes.subarray(0, start);
    }
    return bytes;
  });
  return fc.oneof({ arbitrary: mutated, weight: 9 }, { arbitrary: fc.uint8Array({ maxLength: 64 }), weight: 1 });
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** Ends the process when one input takes half a minute: an endless loop cannot be left in any other way. */
function watch(): { begin(input: Uint8Array): void } & Disposable {
  const shared = new SharedArrayBuffer(8 + SHOWN_BYTES);
  const [state, bytes] = [new Int32Array(shared, 0, 2), new Uint8Array(shared, 8)];
  const worker = new Worker(
    `const { workerData } = require("node:worker_threads");
     const state = new Int32Array(workerData, 0, 2);
     let [last, same] = [-1, 0];
     setInterval(() => {
       same = state[0] === last ? same + 1 : 0;
       last = state[0];
       if (same < 30) return;
       require("node:fs").writeSync(2, "\\nendless: seed ${seed}, input (base64) " + Buffer.from(workerData, 8, state[1]).toString("base64") + "\\n");
       process.kill(process.pid, "SIGKILL");
     }, 1000);`,
    { eval: true, workerData: shared },
  );
  worker.unref();
  return {
    begin(input) {
      bytes.set(input.subarray(0, SHOWN_BYTES));
      state[1] = Math.min(input.length, SHOWN_BYTES);
      Atomics.add(state, 0, 1);
    },
    [Symbol.dispose]: () => void worker.terminate(),
  };
}
