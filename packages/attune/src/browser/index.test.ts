import { expect, test } from "vitest";
import { absolutePath } from "./index.ts";

test("a path has one form, however it is written", () => {
  for (const path of ["m/tiny", "/m/tiny", "./m//tiny/", "m/./old/../tiny", "../m/tiny"]) expect(absolutePath(path)).toBe("/m/tiny");
  expect(["", ".", "/", "a/.."].map(absolutePath)).toEqual(["/", "/", "/", "/"]);
});
