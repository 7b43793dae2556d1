import { expect, test } from "vitest";
import { createIdMap } from "./id-map.ts";
import { NO_ID } from "./vector-index.ts";

test("numbers for names in their order, each name once; the names make the same map again", () => {
  const ids = createIdMap();
  expect(["b", "a", "b", "", "__proto__"].map((name) => ids.numberOf(name))).toEqual([0, 1, 0, 2, 3]);
  expect([ids.find("a"), ids.find("c"), ids.nameOf(3), ids.nameOf(4), ids.nameOf(NO_ID)]).toEqual([
    1,
    undefined,
    "__proto__",
    undefined,
    undefined,
  ]);
  const again = createIdMap(ids.names);
  expect([again.find("a"), again.numberOf("new"), again.names.length]).toEqual([1, 4, 5]);
});
