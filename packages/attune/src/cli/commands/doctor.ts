// `attune doctor`: what this machine offers, and how fast each device multiplies matrices.

import { AttuneError } from "@attune/core";
import { createRegistryWith } from "../../built-ins.ts";
import { Engine, matmul } from "@attune/tensor";
import type { Backend } from "@attune/tensor";
import { z } from "zod";
import { machine, platformVersions } from "../../node/platform.ts";
import { attuneVersion } from "../../node/version.ts";
import { openRuntime } from "../../runtime.ts";
import { deviceSettings } from "../../settings/device-settings.ts";
import { modulesOf, takeSwitches } from "../arguments.ts";
import { writeJson } from "../command.ts";
import type { Command, Io } from "../command.ts";
import { helpText } from "../help.ts";
import { resolveSettings } from "../options.ts";

const settingsSchema = z.strictObject({ plugins: deviceSettings.plugins });
const switches = { json: "one JSON object on stdout" };

export const command: Command = {
  async run(flags, io) {
    const { rest, on } = takeSwitches(flags, ["json"]);
    const registry = await createRegistryWith(modulesOf(rest));
    resolveSettings(rest, { schema: settingsSchema, registry, switches: Object.keys(switches) });
    const devices: Device[] = [];
    for (const { name, summary } of registry.list("backend")) {
      io.terminal.progress(() => `  measuring ${name} …`);
      devices.push({ name, summary, ...(await probe(name, modulesOf(rest), io)) });
    }
    const auto = (await registry.available("backend", "cpu")) === true ? "cpu" : "typescript";
    const facts = { versions: { attune: attuneVersion(), ...platformVersions() }, machine: machine(), devices, auto };
    io.terminal.clear();
    if (on.has("json")) writeJson(io, facts);
    else io.stdout.write(`${lines(facts).join("\n")}\n`);
    return 0;
  },

  async help() {
    return helpText({
      usage: "attune doctor [options]",
      summary: "Versions, machine, and every device with its speed, or the reason why it cannot be used.",
      schema: settingsSchema,
      switches,
    });
  },
};

interface Device {
  readonly name: string;
  readonly summary: string;
  readonly available: true | string;
  readonly description?: string;
  /** Why it is used as it is. */
  readonly notes?: readonly string[];
  /** f32, a square matrix product. */
  readonly gflops?: number;
}

interface Facts {
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: ReturnType<typeof machine>;
  readonly devices: readonly Device[];
  readonly auto: string;
}

/** A device that fails is what the command is there to tell of, beside all others. */
async function probe(name: string, modules: readonly string[], { signal }: Io): Promise<Omit<Device, "name" | "summary">> {
  const registry = await createRegistryWith(modules);
  const available = await registry.available("backend", name);
  if (available !== true) return { available };
  try {
    await using runtime = await openRuntime({ registry, device: name, signal });
    const { backend } = runtime.context;
    const { description, notes } = backend;
    return { available, description, ...(notes && { notes }), gflops: await speedOf(backend) };
  } catch (error) {
    return { available: error instanceof AttuneError ? error.sentence : String(error) };
  }
}

/** GFLOP/s of the best of a few products; the size grows until one takes long enough to be timed. */
async function speedOf(backend: Backend): Promise<number> {
  const engine = new Engine(backend);
  for (let size = 128; ; size *= 2) {
    const seconds = await fastest(engine, size);
    if (seconds > 0.02 || size >= 2048) return (2 * size ** 3) / seconds / 1e9;
  }
}

async function fastest(engine: Engine, size: number): Promise<number> {
  const values = new Float32Array(size * size).fill(0.5);
  const [a, b] = [0, 1].map(() => engine.makePersistent([size, size], "f32"));
  for (const tensor of [a, b]) engine.writeTo(tensor, values);
  let best = Infinity;
  for (let repeat = 0; repeat < 4; repeat++) {
    await engine.backend.sync();
    const started = performance.now();
    engine.noGradient(() => engine.scope(() => void matmul(a, b)));
    await engine.backend.sync();
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  a.dispose();
  b.dispose();
  return best;
}

function lines({ versions, machine, devices, auto }: Facts): string[] {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const described = devices.flatMap(({ name, available, description, notes = [], gflops }) => {
    const said =
      available === true
        ? `${description} · ${gflops!.toFixed(gflops! < 10 ? 1 : 0)} GFLOP/s (f32 matrix product)`
        : `not available: ${available}`;
    return [
      `  ${`device ${name}`.padEnd(20)}${said}${name === auto ? "   <- auto" : ""}`,
      ...notes.map((note) => `  ${"".padEnd(20)}${note}`),
    ];
  });
  return [
    ...Object.entries(versions).map(([name, version]) => `  ${name.padEnd(20)}${version}`),
    `  ${"processor".padEnd(20)}${machine.processor}, ${machine.threads} threads, ${memory}`,
    ...described,
  ];
}
