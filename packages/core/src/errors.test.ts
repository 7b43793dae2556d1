import { describe, expect, it } from "vitest";
import { AttuneError, baseName, folderOf, joinPath, nearestName, show } from "./index.ts";

describe("AttuneError", () => {
  it("reads as a sentence with code, place, expected, got and hint", () => {
    const error = new AttuneError({ code: "E_ROW", place: 'a.jsonl:17 "pos"', expected: "a list", got: "42", hint: "mend the row" });
    expect(error.message).toBe('E_ROW a.jsonl:17 "pos" expected a list, got 42. Hint: mend the row');
    expect(error.sentence).toBe('a.jsonl:17 "pos" expected a list, got 42');
  });

  it("leaves out what is not given", () => {
    expect(new AttuneError({ code: "E_X", problem: "is broken" }).message).toBe("E_X is broken");
    expect(new AttuneError({ code: "E_X", place: "here" }).message).toBe("E_X here");
  });

  it("is told again with another place or hint, and nothing else lost", () => {
    const error = new AttuneError({ code: "E_X", place: "here", problem: "is broken", expected: "a list", got: "42", hint: "mend it" });
    const again = error.with({ place: "there" });
    expect(again.message).toBe("E_X there is broken: expected a list, got 42. Hint: mend it");
    expect(again.with({ hint: undefined }).message).toBe("E_X there is broken: expected a list, got 42");
    expect(again.cause).toBe(error);
  });

  it("shows values short", () => {
    expect(show("x".repeat(100))).toHaveLength(60);
    expect(show("x".repeat(58))).toBe(`"${"x".repeat(58)}"`);
    expect(show("x".repeat(59))).toBe(`"${"x".repeat(58)}…`);
    expect(show(`${"x".repeat(57)}😀y`)).toBe(`"${"x".repeat(57)}…`);
    expect(show(undefined)).toBe("undefined");
    expect(show([1, "a"])).toBe('[1,"a"]');
  });

  it("shows what JSON has no word for, and never throws", () => {
    expect([NaN, -Infinity, -0, 7n].map((value) => show(value))).toEqual(["NaN", "-Infinity", "0", "7n"]);
    const itself: unknown[] = [];
    itself.push(itself);
    expect([show(itself), show({ big: 7n })]).toEqual(["[object Array]", "[object Object]"]);
  });
});

describe("nearestName", () => {
  it.each([
    ["--los", ["--loss", "--seed"], "--loss"],
    ["tempreature", ["temperature", "margin"], "temperature"],
    ["zzzzzz", ["loss"], undefined],
    ["LOSS", ["loss"], "loss"],
    ["loss.temprature", ["loss", "loss.temperature"], "loss.temperature"],
    ["epochsize", ["epochs"], "epochs"],
  ])("%s among %j is %s", (typed, known, expected) => expect(nearestName(typed, known)).toBe(expected));
});

describe("paths", () => {
  it.each([
    [["a/", "/b/", "c"], "a/b/c"],
    [["/", "a"], "/a"],
    [["", "a"], "a"],
    [[".", "a"], "./a"],
  ])("joins %j to %s", (parts, joined) => expect(joinPath(...parts)).toBe(joined));

  it("takes paths apart", () => {
    expect([baseName("a/b.json"), baseName("b/"), folderOf("a/b/c"), folderOf("a"), folderOf("/a")]).toEqual([
      "b.json",
      "b",
      "a/b",
      ".",
      "/",
    ]);
  });
});
