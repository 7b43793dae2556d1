// The registry is an instance: what can be named in a configuration is what was put into it. Creation is lazy, teardown runs in reverse.

import { z } from "zod";
import { AttuneError, show } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";
import type { Context, Kind, Plugin, PluginKinds } from "./plugin.ts";
import { expectShape } from "./shape.ts";
import type { Shapes } from "./shape.ts";

export interface Registry extends AsyncDisposable {
  /** Adds a plugin; E_DUPLICATE_PLUGIN when its kind already has that name. */
  use(plugin: Plugin): Registry;
  /** In the order of `use`. */
  list(kind?: Kind): Plugin[];
  /** E_UNKNOWN_PLUGIN with the nearest name and all the names. */
  get<K extends Kind>(kind: K, name: string): Plugin<K>;
  /** True, or the reason why it cannot be used here. A probe that throws is a reason. */
  available(kind: Kind, name: string, context?: Partial<Context>): Promise<true | string>;
  /**
   * Validates options (E_OPTION), checks availability (E_UNAVAILABLE), creates (E_PLUGIN where that is not what the kind is); the instance is
   * disposed with the registry.
   */
  create<K extends Kind>(kind: K, plugin: string | Plugin<K>, options: unknown, context: Context): Promise<PluginKinds[K]>;
}

/**
 * An empty registry. `await using` it: everything created is disposed in reverse, and the first error is the one thrown. `shapes`: what plugins
 * of a kind must create.
 */
export function createRegistry({ shapes = {} }: { shapes?: Shapes } = {}): Registry {
  const plugins = new Map<string, Plugin>();
  const created: unknown[] = [];
  const registry: Registry = {
    use(plugin) {
      const key = `${plugin.kind}/${plugin.name}`;
      if (plugins.has(key)) {
        throw new AttuneError({
          code: "E_DUPLICATE_PLUGIN",
          place: key,
          problem: "is already registered",
          hint: "give one of the two another name",
        });
      }
      plugins.set(key, plugin);
      return registry;
    },
    list: (kind) => [...plugins.values()].filter((plugin) => kind === undefined || plugin.kind === kind),
    get<K extends Kind>(kind: K, name: string): Plugin<K> {
      const plugin = plugins.get(`${kind}/${name}`);
      if (plugin) return plugin as Plugin as Plugin<K>;
      throw unknownPlugin(
        kind,
        name,
        registry.list(kind).map((one) => one.name),
      );
    },
    async available(kind, name, context = {}) {
      try {
        return (await registry.get(kind, name).available?.(context)) ?? true;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    async create(kind, plugin, options, context) {
      const chosen = typeof plugin === "string" ? registry.get(kind, plugin) : plugin;
      const parsed = parseOptions(chosen.options, options, `${kind} ${chosen.name}`);
      const availability = (await chosen.available?.(context)) ?? true;
      if (availability !== true) {
        throw new AttuneError({ code: "E_UNAVAILABLE", place: `${kind} ${chosen.name}`, problem: `cannot be used here: ${availability}` });
      }
      const instance = await chosen.create(parsed, context);
      const shape = shapes[kind];
      if (shape) expectShape(instance, shape, { place: `${kind} ${chosen.name}`, problem: `creates no ${kind}` });
      created.push(instance);
      return instance;
    },
    async [Symbol.asyncDispose]() {
      const errors: unknown[] = [];
      for (const instance of created.splice(0).reverse()) await dispose(instance).catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
  return registry;
}

/** Validates `value` against a schema; the first issue becomes E_OPTION with the option's path and, for an unknown key, the nearest known one. */
export function parseOptions<Schema extends z.core.$ZodType>(schema: Schema, value: unknown, place: string): z.output<Schema> {
  const result = z.safeParse(schema, value ?? {});
  if (result.success) return result.data;
  const issue = clearestIssue(result.error.issues[0]);
  const path = [place, issue.path.join(".")].filter(Boolean).join(" ");
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0];
    const nearest = nearestName(key, knownKeys(schema, issue.path));
    throw new AttuneError({
      code: "E_OPTION",
      place: path,
      problem: `has no option ${show(key)}`,
      hint: nearest && `did you mean ${show(nearest)}?`,
    });
  }
  const got = valueAt(value, issue.path);
  if (got === undefined && issue.path.length > 0) throw new AttuneError({ code: "E_OPTION", place: path, problem: "is missing" });
  throw new AttuneError({ code: "E_OPTION", place: path, problem: issueSentence(issue), got: show(got) });
}

/** What stands at a path of a value, such as that of a schema's issue; undefined where the path leads nowhere. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/**
 * What is wrong with a value that may be one of several things: the issue of the one that it was meant to be, which has its type and fails inside;
 * where it is none of them, what they are.
 */
export function clearestIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  // A schema's own words stay.
  if (issue.code !== "invalid_union" || issue.message !== "Invalid input") return issue;
  const branches = issue.errors.flatMap((issues) => issues.slice(0, 1)).map(clearestIssue);
  const meant = branches.filter(({ code, path }) => path.length > 0 || code !== "invalid_type");
  if (meant.length === 1) return { ...meant[0], path: [...issue.path, ...meant[0].path] };
  const types = branches.flatMap((one) => (one.code === "invalid_type" ? [one.expected] : []));
  return types.length === 0 ? issue : { ...issue, message: `Invalid input: expected ${[...new Set(types)].join(" or ")}` };
}

/** What a schema's issue says, without the words that only name its class: "Too small: expected number to be >=1" -> "expected number …". */
export function issueSentence({ message }: { readonly message: string }): string {
  return message.replace(/^(Invalid input|Too small|Too big|Invalid option): /, "");
}

interface Json {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly items?: Json;
  readonly anyOf?: readonly Json[];
}

/** The keys that the object at `path` of a schema knows. */
export function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const alternatives = (one: Json): Json[] => (one.anyOf ? one.anyOf.flatMap(alternatives) : [one]);
  let level = [z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json];
  for (const key of path) {
    const next = (one: Json): Json | undefined => (typeof key === "number" ? one.items : one.properties?.[String(key)]);
    level = level.flatMap(alternatives).flatMap((one) => next(one) ?? []);
  }
  return level.flatMap(alternatives).flatMap(({ properties = {} }) => Object.keys(properties));
}

function unknownPlugin(kind: string, name: string, known: string[]): AttuneError {
  const nearest = nearestName(name, known);
  return new AttuneError({
    code: "E_UNKNOWN_PLUGIN",
    place: `${kind} ${show(name)}`,
    problem: "is not registered",
    hint: `${nearest ? `did you mean ${show(nearest)}? ` : ""}known: ${known.join(", ") || "none"}`,
  });
}

async function dispose(instance: unknown): Promise<void> {
  const one = instance as Partial<AsyncDisposable & Disposable> | null | undefined;
  if (typeof one !== "object" || one === null) return;
  if (one[Symbol.asyncDispose]) await one[Symbol.asyncDispose]!();
  else one[Symbol.dispose]?.();
}
