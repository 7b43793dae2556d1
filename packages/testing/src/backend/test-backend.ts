// The conformance test of backends: one call in a plugin's test file registers everything that a backend has to get right.

import { createReferenceBackend, Engine } from "@attune/tensor";
import type { AnyOp, Backend } from "@attune/tensor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "../expect-close.ts";
import { isNarrow } from "../op-cases/format.ts";
import type { OpCase } from "../op-cases/format.ts";
import { opCases } from "../op-cases/index.ts";
import { gradientsOf, isPrimitive, runCase } from "../op-cases/run.ts";
import type { GradientRoute, Results } from "../op-cases/run.ts";
import { narrowTolerance, widened } from "../tolerances.ts";
import type { Tolerance } from "../tolerances.ts";
import { backendChecks } from "./checks.ts";
import { largeCases } from "./large-cases.ts";
import { Skips } from "./skips.ts";
import type { Skip } from "./skips.ts";
import { storedCases } from "./stored-cases.ts";

export interface BackendUnderTest {
  /** For the report. */
  readonly name: string;
  /** A new backend; called once for all cases, and again for those that break one. */
  create(): Backend | Promise<Backend>;
  readonly skip?: readonly Skip[];
}

/** How much wider a tolerance gets where an op is several ops, or a forward and a backward pass. */
const composed = 8;

/**
 * Registers vitest tests for a backend: every op case against the reference in double, forward, backward through the tape (into parameters, into
 * values, beside waiting cotangents) and by its decomposition; a few cases of many tiles, and of bf16 that is only stored; memory, views, order and
 * errors. Every check also asserts that it leaves no memory behind.
 */
export function testBackend({ name, create, skip = [] }: BackendUnderTest): void {
  describe(name, () => {
    const skips = new Skips(skip);
    const printed: string[] = [];
    let engine: Engine;
    beforeAll(async () => {
      engine = new Engine(await create());
    });
    afterAll(async () => {
      await engine.backend.dispose();
      if (printed.length > 0)
        process.stdout.write(`${name}: ${printed.length} cases skipped\n${printed.map((line) => `  ${line}\n`).join("")}`);
    });

    const check = (id: string, run: (engine: Engine) => Promise<void>): void => {
      test(id, async (context) => {
        await skips.run(
          id,
          () => leavingNothing(engine, run),
          (reason) => {
            printed.push(`${id}: ${reason}`);
            context.skip(reason);
          },
        );
      });
    };

    for (const { op, cases } of [...opCases(), ...largeCases(), ...storedCases()]) for (const one of cases) checkCase(op, one, check);
    for (const [id, run] of Object.entries(backendChecks(create))) check(id, run);
    test("every skip names a case", () => expect(skips.unmet).toEqual([]));
  });
}

type Check = (id: string, run: (engine: Engine) => Promise<void>) => void;

function checkCase(op: AnyOp, one: OpCase, check: Check): void {
  const id = `${op.name}: ${one.name}`;
  check(id, async (engine) => expectResults(await runCase(engine, op, one), expectedOf(one), one.tolerance));
  const narrow = isNarrow(one);
  // an op that only finds bf16 in memory is never decomposed in it
  if (op.decompose && !(narrow && !op.roundsItself) && !isPrimitive(op, one))
    check(`${id} (decomposed)`, async (engine) =>
      expectResults(await runCase(engine, op, one, { decomposed: true }), expectedOf(one), widened(one.tolerance, narrow ? 2 : composed)),
    );
  if (!op.vjp || one.gradient === "none") return;
  for (const route of ["leaf", "value", "shared"] as const)
    check(`${id} (gradient, ${route})`, (engine) => compareGradients(engine, op, one, route));
}

async function compareGradients(engine: Engine, op: AnyOp, one: OpCase, route: GradientRoute): Promise<void> {
  const narrow = isNarrow(one);
  const reference = new Engine(createReferenceBackend(), { float: narrow ? "f32" : "f64" });
  const expected = await gradientsOf(reference, op, one, route);
  const tolerance = narrow
    ? widened(narrowTolerance(largestEntry(expected)), 2)
    : scaledToLargest(widened(one.tolerance, composed), expected);
  expectResults(await gradientsOf(engine, op, one, route), expected, tolerance);
}

/** The expected outputs as results, entries of lists by name. */
function expectedOf({ outputs }: OpCase): Results {
  const named = Object.entries(outputs).flatMap(([name, operand]) =>
    Array.isArray(operand)
      ? operand.map((one, i) => [`${name}[${i}]`, one] as const)
      : [[name, operand as Exclude<typeof operand, readonly unknown[]>] as const],
  );
  return Object.fromEntries(named.map(([name, { shape, dtype, data }]) => [name, { shape, dtype, values: data }]));
}

/** The same tensors, shapes and, to the tolerance, values. */
function expectResults(got: Results, ref: Results, tolerance: Tolerance): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(ref).sort());
  for (const [name, { shape, values }] of Object.entries(ref)) {
    expect(got[name].shape, name).toEqual(shape);
    const integers = got[name].dtype === "i32" || got[name].dtype === "u8";
    expectClose(got[name].values, values, integers ? exactly : tolerance, { name, shape });
  }
}

const exactly: Tolerance = { absolute: 0, relative: 0 };

/** The tolerance for gradients: the absolute part is relative to the largest entry, if that is above 1. */
function scaledToLargest({ absolute, relative }: Tolerance, results: Results): Tolerance {
  return { absolute: absolute * Math.max(1, largestEntry(results)), relative };
}

function largestEntry(results: Results): number {
  const entries = Object.values(results).flatMap(({ values }) =>
    Array.from(values, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)),
  );
  return entries.reduce((largest, entry) => Math.max(largest, entry), 0);
}

/** Runs a check and asserts that as much memory is live after it as before. */
async function leavingNothing(engine: Engine, run: (engine: Engine) => Promise<void>): Promise<void> {
  const before = engine.backend.counters.bytesLive;
  await run(engine);
  await engine.backend.sync();
  expect(engine.backend.counters.bytesLive, "live bytes").toBe(before);
}
