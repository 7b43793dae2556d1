import { expect, test } from "vitest";
import { builtIns, createDefaultRegistry } from "./built-ins.ts";
import { pluginsIn } from "./plugin-exports.ts";
import { shapes } from "./plugin-shapes.ts";

test("each package holds plugins of just the kinds that it is listed with", async () => {
  for (const { kinds, load } of builtIns) {
    const found = new Set(pluginsIn(await load()).map(({ kind }) => kind));
    expect([...found].sort(), load.toString()).toEqual([...kinds].sort());
  }
});

test("what a plugin creates is looked at, whatever its kind", () => {
  expect(Object.keys(shapes)).toEqual(expect.arrayContaining(builtIns.flatMap(({ kinds }) => kinds)));
});

test("a registry of some kinds has all of these and no others", async () => {
  const all = await createDefaultRegistry();
  const some = await createDefaultRegistry(["backend", "model"]);
  expect(new Set(some.list().map(({ kind }) => kind))).toEqual(new Set(["backend", "model"]));
  expect(some.list().map(({ name }) => name)).toEqual([...all.list("backend"), ...all.list("model")].map(({ name }) => name));
});
