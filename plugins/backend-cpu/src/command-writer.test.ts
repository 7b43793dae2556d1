import { expect, it } from "vitest";
import { parseCommands } from "./command-table.ts";
import { CommandWriter } from "./command-writer.ts";

const table = parseCommands("enum kind: small large\nfirst: x\nsecond: x | kind");

it("drops the words of a command whose encoder threw", () => {
  const submitted: number[][] = [];
  const writer = new CommandWriter(table, (words, count) => submitted.push([...words.subarray(0, count)]));
  writer.begin("first", "one").real(7).end();
  expect(() => writer.begin("second", "two").real(8).named("kind", "huge").end()).toThrow(/E_STALE_BINARY/);
  writer.begin("second", "three").real(9).named("kind", "large").end();
  writer.flush();
  expect(submitted).toEqual([[0, 4, 1, 7, 1, 5, 3, 9, 1]]);
});
