import { AttuneError } from "@attune/core";
import { expect, test } from "vitest";
import { modulesOf, parseFlags, takeSwitches } from "./arguments.ts";

test("a flag takes the next word, or what follows an equals sign, or nothing", () => {
  expect(parseFlags(["--loss", "infonce", "--resume", "--loss.temperature=0.05", "--prompt", "-1", "--empty="])).toEqual([
    { name: "loss", value: "infonce" },
    { name: "resume", value: true },
    { name: "loss.temperature", value: "0.05" },
    { name: "prompt", value: "-1" },
    { name: "empty", value: "" },
  ]);
});

test("a word that belongs to no flag is refused", () => {
  expect(() => parseFlags(["--json", "x", "stray"])).toThrow(AttuneError);
  expect(() => parseFlags(["-x"])).toThrow(/E_OPTION "-x" belongs to no option/);
});

test("switches are taken out, and take no value", () => {
  const { rest, on } = takeSwitches(parseFlags(["--json", "--loss", "x"]), ["json", "resume"]);
  expect([rest, [...on]]).toEqual([[{ name: "loss", value: "x" }], ["json"]]);
  expect(() => takeSwitches(parseFlags(["--resume", "folder"]), ["resume"])).toThrow(/--resume takes no value: got "folder"/);
});

test("plugin modules are found before anything else is understood", () => {
  expect(modulesOf(parseFlags(["--plugin", "a", "--loss", "x", "--plugin", "./b.ts"]))).toEqual(["a", "./b.ts"]);
});
