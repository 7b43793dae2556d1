import { describe, expect, it } from "vitest";
import { expectRows, run } from "../test/golden.ts";
import { batchOf, infonceCases, optionsOf } from "../test/infonce-cases.ts";
import { precisions } from "../test/pair-cases.ts";
import { embedrag, marginInfonce, symmetricInfonce } from "./infonce-presets.ts";
import { infonce } from "./infonce.ts";

const presets = [
  { plugin: symmetricInfonce, starts: "symmetric_per_direction", count: 2, of: ["temperature", "similarity", "margin"] },
  { plugin: marginInfonce, starts: "paddle_margin", count: 2, of: ["temperature", "similarity", "negatives", "margin"] },
  { plugin: embedrag, starts: "embedrag", count: 3, of: ["temperature", "similarity"] },
];

describe.each(presets)("$plugin.name", ({ plugin, starts, count, of }) => {
  const cases = infonceCases.filter(({ name }) => name.startsWith(starts));
  const chosen = (one: (typeof cases)[number]) => Object.fromEntries(Object.entries(optionsOf(one)).filter(([name]) => of.includes(name)));

  it.each(precisions.flatMap((precision) => cases.map((one) => ({ ...precision, one, name: one.name }))))(
    "$name in $float",
    async ({ float, value, gradient, one }) => {
      const { anchor, candidates, known, gradients } = batchOf(one);
      const got = await run(plugin, { float, options: chosen(one), anchor, candidates, known });
      expectRows([[got.loss]], [[one.expected.loss]], value);
      expectRows(got.anchor, one.expected.grads.query, gradient);
      expectRows(got.candidates, gradients, gradient);
    },
  );

  it("is infonce with the options that it fixes", async () => {
    expect(cases).toHaveLength(count);
    const { anchor, candidates, known } = batchOf(cases[0]);
    const same = await run(infonce, { options: optionsOf(cases[0]), anchor, candidates, known });
    expect(await run(plugin, { options: chosen(cases[0]), anchor, candidates, known })).toEqual(same);
  });

  it("refuses what it fixes", async () => {
    const fixed = { anchor: [[1, 0]], options: { directions: ["query-to-doc"] } };
    await expect(run(plugin, fixed)).rejects.toMatchObject({ code: "E_OPTION" });
  });
});

it("symmetric-infonce has its margin in both directions", async () => {
  const { anchor, candidates, known } = batchOf(infonceCases.find(({ name }) => name.startsWith("symmetric_per_direction"))!);
  const shared = { temperature: 0.05, margin: 0.3 };
  const same = { ...shared, directions: ["query-to-doc", "doc-to-query"], partition: "per-direction" };
  const got = await run(symmetricInfonce, { options: shared, anchor, candidates, known });
  expect(got).toEqual(await run(infonce, { options: same, anchor, candidates, known }));
  const turned = await run(symmetricInfonce, { options: shared, anchor: candidates, candidates: anchor, known });
  expect(turned.loss).toBeCloseTo(got.loss, 12); // neither side is another one's
});

it("margin-infonce has PaddleNLP's margin unless told otherwise", () => {
  expect(marginInfonce.options.parse({})).toEqual({ temperature: 0.02, similarity: "cosine", negatives: "in-batch", margin: 0.2 });
});
