// The committed case files are what the cases and the reference make, and no op is without cases.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { opTable } from "@attune/tensor";
import { expect, test } from "vitest";
import { repositoryRoot } from "../golden.ts";
import { encodeCases } from "./format.ts";
import { opCases } from "./index.ts";

const folder = join(repositoryRoot(), "fixtures", "ops");

test("every op of the table has at least one case, and its name once", () => {
  expect(opCases().filter(({ cases }) => cases.length === 0)).toEqual([]);
  expect(new Set(opTable.map(({ name }) => name)).size).toBe(opTable.length);
});

test("the names of an op's cases differ", () => {
  for (const { op, cases } of opCases()) expect(new Set(cases.map(({ name }) => name)).size, op.name).toBe(cases.length);
});

test("fixtures/ops holds one file per op and nothing else", () => {
  expect(readdirSync(folder).sort()).toEqual(opTable.map(({ name }) => `${name}.json`).sort());
});

test.each(opCases())("fixtures/ops/$op.name.json is fresh (else: node packages/testing/scripts/write-op-cases.ts)", ({ op, cases }) => {
  expect(readFileSync(join(folder, `${op.name}.json`), "utf8") === encodeCases(op.name, cases)).toBe(true);
});
