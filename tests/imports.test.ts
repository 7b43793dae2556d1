import { expect, test } from "vitest";
import { importsOf, packageOf } from "./lib/imports.ts";

const specifiers = (source: string) => importsOf(source).map(({ specifier, lazy }) => (lazy ? `lazy ${specifier}` : specifier));

test("statements of every form are found", () => {
  const source = `
    import a from "one";
    import { b, type C } from 'two';
    import type { D } from "three/sub";
    import * as e from "./four.ts";
    import "five";
    import {
      f,
      g,
    } from "@six/seven";
    export { h } from "./eight.ts";
    export * from "nine";
    export type { I } from "ten";`;
  expect(specifiers(source)).toEqual(["one", "two", "three/sub", "./four.ts", "five", "@six/seven", "./eight.ts", "nine", "ten"]);
});

test("import() of a value is lazy, of a type it is not", () => {
  expect(specifiers(`const x = await import("a"); load(() => import(\n  "b"\n));`)).toEqual(["lazy a", "lazy b"]);
  expect(specifiers(`type T = typeof import("a"); let u: import("b").Thing;`)).toEqual(["a", "b"]);
  expect(specifiers(`(await import("a")).default()`)).toEqual(["lazy a"]);
  expect(specifiers(`createRequire(import.meta.url)("a"); require.resolve("b");`)).toEqual(["lazy a", "lazy b"]);
});

test("comments, strings and augmentations are no imports", () => {
  const source = `
    // import a from "one";
    /** import b from "two"; await import("three") */
     * import c from "four";
    const text = "import d from 'five'";
    export const from = "six";
    export default { from: "seven" };
    declare module "@attune/core" {}
    import.meta.resolve("eight");
    export function from2(x = "nine") {}`;
  expect(specifiers(source)).toEqual([]);
});

test("the package of a specifier", () => {
  expect(["@a/b", "@a/b/c", "x", "x/y", "./x.ts", "#x", "node:fs"].map(packageOf)).toEqual([
    "@a/b",
    "@a/b",
    "x",
    "x",
    undefined,
    undefined,
    undefined,
  ]);
});
