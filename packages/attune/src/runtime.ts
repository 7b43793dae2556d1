// One command's or one program's working place: registry, device, engine, files. Nothing ambient; dispose it when done.

import { AttuneError, silentLog } from "@attune/core";
import type { Context, Files, Log, Registry } from "@attune/core";
import type { ModelFamily } from "@attune/nn";
import { Engine } from "@attune/tensor";
import type { Precision } from "./settings/device-settings.ts";

export interface Runtime extends AsyncDisposable {
  readonly context: Context;
  readonly engine: Engine;
  /** The architectures that the registry knows. */
  readonly families: readonly ModelFamily[];
}

export interface RuntimeOptions {
  readonly registry: Registry;
  /** "auto", or the name of a backend. */
  readonly device?: string;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** Opens the device. "auto" takes native kernels where they can be loaded, plain TypeScript otherwise, and logs why. E_UNKNOWN_PLUGIN, E_UNAVAILABLE. */
export async function openRuntime({
  registry,
  device = "auto",
  log = silentLog,
  signal = new AbortController().signal,
}: RuntimeOptions): Promise<Runtime> {
  const { createNodeWorkers } = await import("@attune/files-node");
  const partial = { registry, files: await openFiles(), workers: createNodeWorkers(), log, signal };
  const name = device === "auto" ? await bestBackend(registry, log) : device;
  const backend = await registry.create("backend", name, {}, partial as Partial<Context> as Context);
  const context: Context = { ...partial, backend };
  const families: ModelFamily[] = [];
  for (const plugin of registry.list("model")) families.push((await registry.create("model", plugin.name, {}, context)) as ModelFamily);
  return {
    context,
    engine: new Engine(backend),
    families,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await backend.dispose();
    },
  };
}

/** The file system of this machine. */
export async function openFiles(): Promise<Files> {
  const { createNodeFiles } = await import("@attune/files-node");
  return createNodeFiles();
}

async function bestBackend(registry: Registry, log: Log): Promise<string> {
  const availability = await registry.available("backend", "cpu");
  if (availability === true) return "cpu";
  log.warn(`native kernels cannot be used (${availability}); plain TypeScript computes instead: correct, but many times slower`);
  return "typescript";
}

/** The element type that a device computes in. E_PRECISION for one that it has no kernels for. */
export function resolvePrecision(asked: Precision, { name }: Context["backend"]): "fp32" {
  if (asked === "auto" || asked === "fp32") return "fp32";
  throw new AttuneError({
    code: "E_PRECISION",
    place: `--precision ${asked}`,
    problem: `the device ${name} has no ${asked} kernels`,
    hint: "use fp32, or auto for the fastest type that it has",
  });
}
