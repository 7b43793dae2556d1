// Options of the plugins that settings choose: `--loss.temperature 0.05`, `--trackers.wandb.project mine`, or the option's name alone where no
// other option has it.

import { AttuneError, issueSentence, nearestName, show, valueAt } from "@attune/core";
import type { Kind, Plugin, Registry } from "@attune/core";
import { z } from "zod";
import { isChoice, splitChoice } from "../settings/choice.ts";
import type { PluginChoice } from "../settings/choice.ts";
import type { Flag } from "./arguments.ts";
import { coerce, merged, spellings } from "./flag-values.ts";
import type { RawSettings, SettingsSource } from "./options.ts";
import { fieldsOf } from "./schema-fields.ts";
import type { Field } from "./schema-fields.ts";

/** A plugin that settings choose, in an option of its own or at a place of a list. */
interface ChosenPlugin {
  readonly owner: Field;
  readonly at: number | undefined;
  readonly plugin: Plugin;
  readonly given: Readonly<Record<string, unknown>>;
}

/** What the options of a plugin may be written with. */
export function prefixOf({ flag, type }: Field, { name }: { readonly name: string }): string {
  return type === "list" ? `${flag}.${name}.` : `${flag}.`;
}

/** Puts flags that are no options of the command into the plugins that `settings` choose; returns the flag typed for each. E_OPTION, E_UNKNOWN_PLUGIN. */
export function applyPluginOptions(
  flags: readonly Flag[],
  settings: RawSettings,
  fields: readonly Field[],
  { registry, switches = [] }: SettingsSource,
): ReadonlyMap<string, string> {
  const typed = new Map<string, string>();
  if (flags.length === 0) return typed;
  const options = fields
    .flatMap((owner) => pluginsOf(owner, settings[owner.key] ?? owner.fallback, registry))
    .flatMap((chosen) =>
      fieldsOf(chosen.plugin.options).map((field) => ({ chosen, field, prefix: prefixOf(chosen.owner, chosen.plugin) })),
    );
  for (const flag of flags) {
    const matching = options.filter(({ field, prefix }) => [...spellings(field), ...spellings(field, prefix)].includes(flag.name));
    if (matching.length === 0) {
      const elsewhere = pluginsWith(flag.name, fields, registry);
      if (elsewhere.length > 0) throw notChosen(flag, elsewhere);
      const ofPlugins = options.flatMap(({ field, prefix }) => [field.flag, `${prefix}${field.flag}`]);
      throw unknownFlag(flag, [...fields.flatMap((field) => spellings(field)), ...ofPlugins, ...switches]);
    }
    if (matching.length > 1) throw ambiguous(flag, matching);
    const [{ chosen, field, prefix }] = matching;
    const key = `${prefix}${field.key}`;
    const before = typed.has(key) ? optionOf(settings, chosen, field.key) : undefined;
    setOption(settings, chosen, field.key, merged(field, before, coerce(field, flag), flag));
    typed.set(key, flag.name);
  }
  return typed;
}

/** E_OPTION with the flag that was typed, or with the file's key, for an option that a chosen plugin does not take. E_UNKNOWN_PLUGIN. */
export function expectPluginOptions(
  owner: Field,
  settings: RawSettings,
  { registry, file }: SettingsSource,
  typed: ReadonlyMap<string, string>,
): void {
  // defaults fit, or are completed by the command
  for (const { plugin, given } of pluginsOf(owner, settings[owner.key], registry)) {
    const result = z.safeParse(plugin.options, given);
    if (result.success) continue;
    const [issue] = result.error.issues;
    const key = String(issue.path[0] ?? "");
    const prefix = prefixOf(owner, plugin);
    const flag = typed.get(`${prefix}${key}`);
    const field = fieldsOf(plugin.options).find((one) => one.key === key);
    const got = valueAt(given, issue.path);
    // The nearest name is told by whoever creates the plugin, and what the command's own settings fill in is not missing.
    if (issue.code === "unrecognized_keys" || (got === undefined && (!field || key in settings))) continue;
    if (got === undefined) throw missing(plugin, prefix, field!);
    const ofFile = file && `${file.path} ${show(owner.key)}: the option ${show(key)} of ${plugin.name}`;
    const place = flag ? `--${flag}` : (ofFile ?? `--${prefix}${field?.flag ?? key}`);
    throw new AttuneError({ code: "E_OPTION", place, problem: issueSentence(issue), got: show(got) });
  }
}

/** What is not written as a choice is left to the schema, which says so. */
function pluginsOf(owner: Field, value: unknown, registry: Registry): ChosenPlugin[] {
  const { kind, type } = owner;
  if (kind === undefined) return [];
  const choices = type !== "list" ? [value] : Array.isArray(value) ? value : [];
  return choices.flatMap((chosen: unknown, i) => {
    if (!isChoice(chosen)) return [];
    const [named, given] = splitChoice(chosen as PluginChoice<Kind>);
    const plugin = typeof named === "string" ? registry.get(kind, named) : named;
    return [{ owner, at: type === "list" ? i : undefined, plugin, given }];
  });
}

/** An option that was set before. */
function optionOf(settings: RawSettings, { owner, at }: ChosenPlugin, key: string): unknown {
  const chosen = settings[owner.key];
  return splitChoice((at === undefined ? chosen : (chosen as unknown[])[at]) as PluginChoice<Kind>)[1][key];
}

function setOption(settings: RawSettings, { owner, at }: ChosenPlugin, key: string, value: unknown): void {
  const before = settings[owner.key] ?? owner.fallback;
  const withOption = (chosen: unknown): unknown => {
    const [named, given] = splitChoice(chosen as PluginChoice<Kind>);
    return [named, { ...given, [key]: value }];
  };
  settings[owner.key] = at === undefined ? withOption(before) : (before as unknown[]).map((one, i) => (i === at ? withOption(one) : one));
}

/** Plugins that have an option of this name, as they are chosen: "--sampler token-budget". */
function pluginsWith(name: string, fields: readonly Field[], registry: Registry): string[] {
  return fields.flatMap((owner) => {
    const plugins = owner.kind ? registry.list(owner.kind) : [];
    const has = (plugin: Plugin): boolean =>
      fieldsOf(plugin.options).some((field) => [...spellings(field), ...spellings(field, prefixOf(owner, plugin))].includes(name));
    return plugins.filter(has).map((plugin) => `--${owner.flag} ${plugin.name}`);
  });
}

function notChosen(flag: Flag, plugins: readonly string[]): AttuneError {
  const problem = `is an option of ${plugins.join(", ")}, ${plugins.length === 1 ? "which is not" : "none of which is"} chosen`;
  return new AttuneError({ code: "E_OPTION", place: typedAs(flag), problem });
}

function ambiguous({ name }: Flag, options: readonly { readonly field: Field; readonly prefix: string }[]): AttuneError {
  const ways = options.map(({ field, prefix }) => `--${prefix}${field.flag}`).join(" or ");
  return new AttuneError({ code: "E_OPTION", place: `--${name}`, problem: "is an option of several plugins", hint: `write ${ways}` });
}

function missing({ kind, name }: Plugin, prefix: string, { flag, description }: Field): AttuneError {
  const problem = `is missing: the ${kind} ${name} needs it`;
  return new AttuneError({ code: "E_OPTION", place: `--${prefix}${flag}`, problem, ...(description && { hint: description }) });
}

function unknownFlag(flag: Flag, known: readonly string[]): AttuneError {
  const nearest = known.find((one) => initialsOf(one) === flag.name) ?? nearestName(flag.name, new Set(known));
  return new AttuneError({
    code: "E_OPTION",
    place: `${typedAs(flag)}:`,
    problem: `no such option.${nearest ? ` Did you mean --${nearest}?` : ""}`,
    ...(!nearest && { hint: "--help lists all options" }),
  });
}

function typedAs({ name, value }: Flag): string {
  return value === true ? `--${name}` : `--${name} ${value}`;
}

/** learning-rate -> lr */
function initialsOf(flag: string): string {
  return flag
    .split("-")
    .map((word) => word.slice(0, 1))
    .join("");
}
