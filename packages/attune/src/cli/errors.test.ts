import { AttuneError } from "@attune/core";
import { expect, test } from "vitest";
import { describeError, statusOf } from "./errors.ts";

const never = new AbortController().signal;

test("an error is a sentence with its code, and the next step", () => {
  const error = new AttuneError({
    code: "E_ROW",
    place: 'a.jsonl:3 "pos"',
    expected: "a list",
    got: "42",
    hint: "--skip-bad-rows leaves it out",
  });
  expect(describeError(error, { debug: false })).toEqual([
    'error E_ROW  a.jsonl:3 "pos" expected a list, got 42.',
    "  Hint: --skip-bad-rows leaves it out.",
  ]);
  expect(describeError(error, { debug: true })[2]).toMatch(/\n\s+at /);
});

test("a defect is one sentence, too, and says how to find out more", () => {
  const lines = describeError(new TypeError("x is not a function\nsecond line"), { debug: false });
  expect(lines).toEqual([
    "error E_INTERNAL  x is not a function.",
    "  Hint: this is a defect of attune; ATTUNE_DEBUG=1 shows where it happened.",
  ]);
  expect(describeError("text", { debug: true })).toHaveLength(2);
});

test("wrong use is 2, interruption 130, all else 1", () => {
  expect(statusOf(new AttuneError({ code: "E_OPTION" }), never)).toBe(2);
  expect(statusOf(new AttuneError({ code: "E_ROW" }), never)).toBe(1);
  expect(statusOf(new Error("boom"), never)).toBe(1);
  const aborted = AbortSignal.abort();
  expect(statusOf(aborted.reason, aborted)).toBe(130);
  expect(statusOf(aborted.reason, never)).toBe(1);
});

test("a failure is told before what failed when things were given back after it, and decides the status", () => {
  const first = new AttuneError({
    code: "E_OPTION",
    place: "--data",
    problem: "is wrong",
    hint: "give another",
  });
  const freed = new AttuneError({
    code: "E_FILE",
    place: "out/.lock",
    problem: "cannot be removed",
    hint: "look at it",
  });
  const both = new SuppressedError(new Error("the device is gone\nsecond line"), new SuppressedError(freed, first));
  expect(describeError(both, { debug: false })).toEqual([
    "error E_OPTION  --data is wrong.",
    "  Hint: give another.",
    "  After it: E_FILE  out/.lock cannot be removed.",
    "  After it: the device is gone.",
  ]);
  expect(statusOf(both, never)).toBe(2);
  const aborted = AbortSignal.abort();
  const stopped = new SuppressedError(freed, aborted.reason);
  expect(describeError(stopped, { debug: false })[0]).toBe("error E_FILE  out/.lock cannot be removed.");
  expect(statusOf(stopped, aborted)).toBe(1);
});
