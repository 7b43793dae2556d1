// What plugins of a kind must create: the functions that whoever uses them calls. Told when it is created, since later it would be a TypeError in
// the middle of a run. Types say more; plugins in JavaScript have none.

import { AttuneError, show } from "./errors.ts";
import type { Kind, PluginKinds } from "./plugin.ts";

type AnyFunction = (...given: never[]) => unknown;
type FunctionsOf<T> = { [N in keyof T & string]: T[N] extends AnyFunction ? N : never }[keyof T & string];

/** A function, as "(folder) => Tracker", or the functions that an object must have. */
export type Shape = string | readonly string[];

/** Kind -> what its plugins create. */
export type Shapes = { readonly [K in Kind]?: PluginKinds[K] extends AnyFunction ? string : readonly FunctionsOf<PluginKinds[K]>[] };

/** E_PLUGIN with this place and problem for a value of another shape. */
export function expectShape(value: unknown, shape: Shape, told: { readonly place: string; readonly problem: string }): void {
  const fits = typeof shape === "string" ? typeof value === "function" : shape.every((name) => hasFunction(value, name));
  if (fits) return;
  const expected = typeof shape === "string" ? `the function ${shape}` : `an object with the functions ${shape.join(", ")}`;
  throw new AttuneError({ code: "E_PLUGIN", ...told, expected, got: described(value) });
}

function hasFunction(value: unknown, name: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[name] === "function";
}

function described(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return show(value);
  if (value instanceof Promise) return "a promise";
  return `an object with ${Object.keys(value).slice(0, 5).join(", ") || "nothing of its own"}`;
}
