import { expect, test, vi } from "vitest";
import { Skips } from "./skips.ts";

const list = [{ reason: "no such unit", cases: ["attention: *", "gelu: wide"] }];
const fail = (): void => {
  throw new Error("does not work");
};

test("a listed case that fails is skipped with its reason", async () => {
  const skip = vi.fn<(reason: string) => void>();
  await new Skips(list).run("attention: dropout", fail, skip);
  expect(skip).toHaveBeenCalledExactlyOnceWith("no such unit");
});

test("a listed case that passes fails the run", async () => {
  const run = new Skips(list).run("gelu: wide", () => undefined, fail);
  await expect(run).rejects.toThrow('"gelu: wide" passes, but is listed as skipped (no such unit)');
});

test("cases that are not listed fail as they are", async () => {
  await expect(new Skips(list).run("gelu: odd sizes", fail, vi.fn<() => void>())).rejects.toThrow("does not work");
});

test("patterns that no case has are known", () => {
  const skips = new Skips(list);
  expect(skips.reasonFor("gelu: wide")).toBe("no such unit");
  expect(skips.unmet).toEqual(["attention: *"]);
});
