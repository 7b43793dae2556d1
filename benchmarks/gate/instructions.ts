// Instructions that the native kernels execute for a fixed piece of work, counted by callgrind: free of noise, whatever else the machine does.
// A training step and an encoding are recorded here and replayed by native/replay.cc, linked from the objects of the addon itself.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BertWork } from "../lib/bert-work.ts";
import { engineFor, hasPrecision } from "../lib/engine-for.ts";
import { precisions } from "../lib/kernel-case.ts";
import type { Precision } from "../lib/kernel-case.ts";
import { inRoot } from "../lib/paths.ts";
import { output } from "../lib/processes.ts";
import { createRecorder } from "../lib/recorder.ts";
import type { Recording } from "../lib/recorder.ts";
import { withSlowKernel } from "../lib/slow-kernel.ts";
import type { CountedCommands } from "./instruction-names.ts";

export interface CountedInstructions {
  /** "g++ 12": counts of another compiler are not comparable. */
  readonly compiler: string;
  readonly commands: CountedCommands;
}

const native = inRoot("plugins", "backend-cpu", "native");
const objects = inRoot("plugins", "backend-cpu", "build", "Release", "obj.target", "attune_cpu", "native");

/** Why instructions cannot be counted here, or undefined. */
export async function cannotCount(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return "they are counted on x86-64 Linux";
  if (!existsSync(objects)) return "the native addon was not compiled in this checkout";
  if (!(await output("valgrind", ["--version"]).catch(() => ""))) return "valgrind is not installed (apt-get install valgrind)";
  return undefined;
}

/** Counts of every command for every precision. */
export async function countInstructions(): Promise<CountedInstructions> {
  const folder = mkdtempSync(join(tmpdir(), "attune-replay-"));
  try {
    const program = await build(folder);
    const { backend } = createRecorder({ keep: false });
    const commands: Record<string, Readonly<Record<string, number>>> = {};
    const countOne = async (precision: Precision): Promise<void> => {
      const file = join(folder, `${precision}.recording`);
      writeFileSync(file, encoded(await record(precision)));
      commands[precision] = Object.fromEntries(await countsOf(program, file, join(folder, precision)));
    };
    await Promise.all(precisions.filter((one) => hasPrecision(backend, one)).map(countOne));
    return { compiler: await compilerName(), commands };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const compilerOf = (): string => process.env.CXX ?? "g++";

async function compilerName(): Promise<string> {
  return `${compilerOf()} ${(await output(compilerOf(), ["-dumpversion"])).trim().split(".")[0]}`;
}

async function build(folder: string): Promise<string> {
  const program = join(folder, "replay");
  const compiled = readdirSync(objects, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".o") && name !== "addon.o")
    .map((name) => join(objects, name));
  const source = inRoot("benchmarks", "native", "replay.cc");
  await output(compilerOf(), ["-std=c++20", "-O1", `-I${native}`, source, ...compiled, "-pthread", "-o", program]);
  return program;
}

/** A training step of a narrow model of one layer, and an encoding: packs, forward, backward, update. Small, since callgrind takes 50 times as long. */
async function record(precision: Precision): Promise<Recording> {
  const { backend: recorder, recording } = createRecorder({ keep: true });
  const backend = withSlowKernel(recorder);
  const size = { name: "one narrow layer", layers: 1, width: 192, heads: 6, inner: 768, vocabulary: 512 };
  using work = new BertWork(engineFor(backend, precision), size);
  work.train({ anchors: 3, lengths: [9, 17, 5, 21, 40, 33] }).dispose();
  work.encode([64, 12]).dispose();
  await backend.sync();
  return recording;
}

/** As native/replay.cc reads it: everything in words of 8 bytes. */
function encoded({ chunks, staged, words }: Recording): Uint8Array {
  const padded = (bytes: number): number => Math.ceil(bytes / 8);
  const stagedWords = staged.reduce((sum, { bytes }) => sum + 2 + padded(bytes.length), 0);
  const commandWords = words.reduce((sum, { length }) => sum + length, 0);
  const all = new Float64Array(3 + 2 * chunks.length + stagedWords + commandWords);
  const raw = new Uint8Array(all.buffer);
  let at = 0;
  const put = (...values: number[]): void => values.forEach((value) => (all[at++] = value));
  put(chunks.length);
  for (const { address, bytes } of chunks) put(address, bytes);
  put(staged.length);
  for (const { address, bytes } of staged) {
    put(address, bytes.length);
    raw.set(bytes, 8 * at);
    at += padded(bytes.length);
  }
  put(commandWords);
  for (const part of words) {
    all.set(part, at);
    at += part.length;
  }
  return raw;
}

/** Instructions by command. The instruction set is fixed: valgrind knows no AVX-512, and counts must not depend on the machine. */
async function countsOf(program: string, recording: string, folder: string): Promise<Map<string, number>> {
  mkdirSync(folder);
  const options = ["--tool=callgrind", "--callgrind-out-file=" + join(folder, "out"), "--compress-strings=no"];
  const isa = (await output("valgrind", [...options, program, recording], { env: { ATTUNE_CPU_ISA: "avx2" } })).trim();
  if (isa !== "avx2") throw new Error(`instructions are counted with AVX2, and this machine has ${isa}`);
  const counts = new Map<string, number>();
  for (const name of readdirSync(folder)) {
    const dump = readFileSync(join(folder, name), "utf8");
    const command = /^desc: Trigger: Client Request: (.+)$/m.exec(dump)?.[1];
    const total = /^(?:totals|summary): (\d+)/m.exec(dump)?.[1];
    if (command && total) counts.set(command, (counts.get(command) ?? 0) + Number(total));
  }
  return counts;
}
