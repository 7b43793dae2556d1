// One command's or one program's working place: registry, device, engine, files. Nothing ambient; dispose it when done.

import { AttuneError, silentLog } from "@attune/core";
import type { Context, Log, Registry } from "@attune/core";
import type { ModelFamily } from "@attune/nn";
import type { Pooling } from "@attune/pooling";
import { Engine } from "@attune/tensor";
import { openFiles, openWorkers } from "#platform";
import type { Precision } from "./settings/device-settings.ts";

export { openFiles } from "#platform";

export interface Runtime extends AsyncDisposable {
  readonly context: Context;
  readonly engine: Engine;
  /** The architectures that the registry knows. */
  readonly families: readonly ModelFamily[];
  /** The registry's pooling of a name that a model folder has; undefined where there is none. */
  readonly poolingNamed: (name: string) => Promise<Pooling | undefined>;
  /** Shows the state of what is under way, where somebody looks. */
  readonly progress?: (text: () => string) => void;
  /** Has this done when the runtime is disposed, before anything of it goes. */
  atEnd(work: () => Promise<void>): void;
}

export interface RuntimeOptions {
  readonly registry: Registry;
  /** "auto", or the name of a backend. */
  readonly device?: string;
  readonly log?: Log;
  readonly signal?: AbortSignal;
  readonly progress?: Runtime["progress"];
}

/** Opens the device. "auto" takes native kernels where they can be loaded, plain TypeScript otherwise, and logs why. E_UNKNOWN_PLUGIN, E_UNAVAILABLE. */
export async function openRuntime({
  registry,
  device = "auto",
  log = silentLog,
  signal = new AbortController().signal,
  progress,
}: RuntimeOptions): Promise<Runtime> {
  const partial = { registry, files: await openFiles(), workers: await openWorkers(), log, signal };
  const name = device === "auto" ? await bestBackend(registry, log) : device;
  const backend = await registry.create("backend", name, {}, partial as Partial<Context> as Context);
  const context: Context = { ...partial, backend };
  const families: ModelFamily[] = [];
  for (const plugin of registry.list("model")) families.push((await registry.create("model", plugin.name, {}, context)) as ModelFamily);
  const ends: (() => Promise<void>)[] = [];
  return {
    context,
    engine: new Engine(backend),
    families,
    poolingNamed: async (pooling) =>
      registry.list("pooling").some((plugin) => plugin.name === pooling) ? registry.create("pooling", pooling, {}, context) : undefined,
    ...(progress && { progress }),
    atEnd: (work) => void ends.push(work),
    async [Symbol.asyncDispose]() {
      for (const work of ends.splice(0)) await work();
      await registry[Symbol.asyncDispose]();
      await backend.dispose();
    },
  };
}

async function bestBackend(registry: Registry, log: Log): Promise<string> {
  if (!registry.list("backend").some(({ name }) => name === "cpu")) return "typescript"; // a page in a browser
  const availability = await registry.available("backend", "cpu");
  if (availability === true) return "cpu";
  log.warn(`native kernels cannot be used (${availability}); plain TypeScript computes instead: correct, but many times slower`);
  return "typescript";
}

/** Has models compute in an element type from now on, and says in which: auto is the fastest of the device. E_PRECISION where it has no kernels for it. */
export function usePrecision(asked: Precision, engine: Engine): "fp32" | "bf16" {
  const { name, limits } = engine.backend;
  const precision = asked === "auto" ? (limits.native.includes("bf16") ? "bf16" : "fp32") : asked;
  if (precision === "fp16" || (precision === "bf16" && !limits.types.includes("bf16"))) {
    throw new AttuneError({
      code: "E_PRECISION",
      place: `--precision ${asked}`,
      problem: `the device ${name} has no ${asked} kernels`,
      hint: `use fp32${limits.types.includes("bf16") ? " or bf16" : ""}, or auto for the fastest type that it has`,
    });
  }
  engine.compute = precision === "bf16" ? "bf16" : engine.float;
  return precision;
}
