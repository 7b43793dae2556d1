// The conformance test of losses: one call in a plugin's test file registers everything that a loss has to get right.

import type { Plugin, Random } from "@attune/core";
import { describe, expect, test } from "vitest";
import { lossChecks } from "./loss-checks.ts";

/** What is tested, and what it claims. */
export interface LossUnderTest {
  readonly plugin: Plugin<"loss">;
  /** Sets of options to check, each with everything; the defaults only when left out. */
  readonly options?: readonly object[];
  /** A row's label as the loss expects it; by default one of 0, 0.25, 0.5, 0.75, 1. */
  label?(random: Random): number;
  /** True for a loss that looks at directions only: the length of vectors must not matter then. */
  readonly ignoresLength?: boolean;
}

const quarter = (random: Random): number => random.below(5) / 4;

/**
 * Registers vitest tests for a loss, on random batches with ragged hard negatives, excluded pairs, labels, and one row: its gradients against
 * differences in double; that the order of rows and candidates plays no part; single against double precision; that nothing is left behind; that it
 * learns from rows which bring what it `requires` and from no others; and its errors for missing inputs and unknown options. A loss that stops a gradient on purpose fails the first: check it without that option.
 */
export function testLoss({ plugin, options = [{}], label = quarter, ignoresLength = false }: LossUnderTest): void {
  describe.each(options)(`loss ${plugin.name} %j`, (chosen) => {
    const checks = lossChecks({ plugin, options: chosen, label, ignoresLength });
    for (const [name, check] of Object.entries(checks)) test(`${name}`, () => expect(check()).resolves.toBeUndefined());
  });
}
