import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { uplotParts } from "../scripts/inline-uplot.ts";
import { uplotLicence, uplotScript, uplotStyle } from "./uplot-source.ts";

test("uplot-source.ts is made from the installed uplot; else: node packages/report/scripts/inline-uplot.ts", () => {
  const { version } = createRequire(import.meta.url)("uplot/package.json") as { version: string };
  const { licence, script, style } = uplotParts();
  expect(uplotLicence).toContain(`uPlot ${version}\n`);
  // Compared before they are shown: a difference of 50 kB helps nobody.
  expect([uplotLicence === licence, uplotScript === script, uplotStyle === style]).toEqual([true, true, true]);
});
