// How a configuration names a plugin: by name, as an object, or either with options.

import { AttuneError, parseOptions, show } from "@attune/core";
import type { Kind, Plugin, PluginOptions, Registry } from "@attune/core";
import { z } from "zod";

type Named<K extends Kind> = K extends keyof PluginOptions
  ? { [N in keyof PluginOptions[K] & string]: readonly [N, PluginOptions[K][N]] }[keyof PluginOptions[K] & string]
  : readonly [string, Readonly<Record<string, unknown>>];

/** "infonce", `["infonce", { temperature: 0.02 }]`, a plugin object, or a plugin object with options. */
export type PluginChoice<K extends Kind> = string | Named<K> | Plugin<K> | readonly [Plugin<K>, Readonly<Record<string, unknown>>];

/** A plugin with options that were validated and completed by its schema. */
export interface Chosen<K extends Kind = Kind> {
  readonly plugin: Plugin<K>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The schema of a choice; `kind` is in its metadata, so that help can list what there is to choose from. */
export function choice<K extends Kind>(kind: K, fallback: string, description: string) {
  return z
    .custom<PluginChoice<K>>(isChoice, { error: expected(kind) })
    .default(fallback as never)
    .meta({ kind, default: fallback })
    .describe(description);
}

/** A choice that may be left out. */
export function optionalChoice<K extends Kind>(kind: K) {
  const schema = z.custom<PluginChoice<K>>((value) => value === undefined || isChoice(value), { error: expected(kind) });
  return schema.optional().meta({ kind });
}

/** Any number of choices, each plugin once. */
export function choices<K extends Kind>(kind: K, description: string) {
  const error = `expected a list of ${kind}s, each a name, a plugin, or a list of one of these and its options`;
  return z
    .array(z.custom<PluginChoice<K>>(isChoice, { error }), { error })
    .refine((chosen) => new Set(chosen.map(choiceName)).size === chosen.length, `expected each ${kind} once`)
    .default([])
    .meta({ kind })
    .describe(description);
}

function expected(kind: Kind): string {
  return `expected the name of a ${kind}, a plugin, or a list of one of these and its options`;
}

/** Whether a value has the form of a choice, of whatever kind. */
export function isChoice(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 2 && isNameOrPlugin(value[0]) && isOptions(value[1]);
  return isNameOrPlugin(value);
}

function isNameOrPlugin(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null && "create" in value && !Array.isArray(value));
}

function isOptions(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Name or plugin, and the options as written. */
export function splitChoice<K extends Kind>(chosen: PluginChoice<K>): readonly [string | Plugin<K>, Readonly<Record<string, unknown>>] {
  return Array.isArray(chosen) ? (chosen as [string | Plugin<K>, Record<string, unknown>]) : [chosen as string | Plugin<K>, {}];
}

/** The name of what is chosen. */
export function choiceName<K extends Kind>(chosen: PluginChoice<K>): string {
  const [named] = splitChoice(chosen);
  return typeof named === "string" ? named : named.name;
}

/** Looks the name up and completes the options. E_UNKNOWN_PLUGIN, E_OPTION. */
export function resolveChoice<K extends Kind>(registry: Registry, kind: K, chosen: PluginChoice<K>): Chosen<K> {
  const [named, given] = splitChoice(chosen);
  const plugin = typeof named === "string" ? registry.get(kind, named) : named;
  if (plugin.kind !== kind) {
    throw new AttuneError({
      code: "E_OPTION",
      place: kind,
      expected: `a plugin of kind ${kind}`,
      got: `${show(plugin.name)} of kind ${plugin.kind}`,
    });
  }
  return { plugin, options: parseOptions(plugin.options, given, `${kind} ${plugin.name}`) as Record<string, unknown> };
}

/** As it is recorded: the name with all its options. */
export function recordedChoice({ plugin, options }: Chosen): [string, Readonly<Record<string, unknown>>] {
  return [plugin.name, options];
}
