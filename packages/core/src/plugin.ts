// A plugin is a plain object: kind, name, an options schema, a factory. Owner packages add their kinds to PluginKinds by declaration merging.

import type { z } from "zod";
import type { Files } from "./files.ts";
import type { Log } from "./log.ts";
import type { Registry } from "./registry.ts";
import type { Workers } from "./workers.ts";

/** Kind -> what `create` returns. Empty here; each owner package adds its kinds (`declare module "@attune/core"`). */
export interface PluginKinds {}

/** Kind -> plugin name -> its options as a user writes them, so that configuration is typed by name. */
export interface PluginOptions {}

export type Kind = keyof PluginKinds & string;

/** The type of `Context.backend`: known once @attune/tensor is in the program. */
export type ContextBackend = PluginKinds extends { backend: infer B } ? B : unknown;

/** What a plugin may use. One per command or run; nothing ambient. */
export interface Context {
  readonly registry: Registry;
  readonly backend: ContextBackend;
  readonly files: Files;
  readonly workers: Workers;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Plugin<K extends Kind = Kind, Schema extends z.core.$ZodType = z.core.$ZodType> {
  readonly kind: K;
  readonly name: string;
  /** One line for `attune plugins`. */
  readonly summary: string;
  /** Defaults, validation, command-line help and JSON schema from one place. */
  readonly options: Schema;
  /** True, or the reason why it cannot be used here. */
  available?(context: Partial<Context>): true | string | Promise<true | string>;
  /** Heavy imports happen in here. */
  create(options: z.output<Schema>, context: Context): PluginKinds[K] | Promise<PluginKinds[K]>;
}

/** Types a plugin by its own kind and schema; returns it unchanged. */
export function definePlugin<K extends Kind, Schema extends z.core.$ZodType>(plugin: Plugin<K, Schema>): Plugin<K, Schema> {
  return plugin;
}
