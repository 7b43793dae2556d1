import { createReferenceBackend, Engine, uploadTokens } from "@attune/tensor";
import type { PackedTokens } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, flat, readGolden, withGradients } from "../test/golden.ts";
import type { Numbers } from "../test/golden.ts";
import { concatPoolings } from "./concat.ts";
import { cls, last, max, mean, poolingPlugins } from "./poolings.ts";

interface Case {
  readonly name: string;
  readonly params: { modes: string[]; includePrompt: boolean; promptLength: number | null; paddingSide?: "left" | "right" };
  readonly inputs: { hidden: readonly Numbers[] };
  readonly cuSeqlens: number[];
  readonly attentionMask: readonly (readonly number[])[];
  readonly cotangent: Numbers;
  readonly expected: { output: Numbers; grads: { hidden: readonly Numbers[] } };
}

const byMode = { cls, mean, max, lasttoken: last };
const known = ({ params }: Case) => params.modes.every((mode) => mode in byMode);
const packed = readGolden<{ cases: Case[] }>("pooling/packed.json").cases.filter(known);
const padded = readGolden<{ cases: Case[] }>("pooling/padded.json").cases.filter(known);
const tolerances = [
  { float: "f64", tolerance: 1e-8 },
  { float: "f32", tolerance: 1e-6 },
] as const;

/** Texts of these lengths; ids play no part in pooling. */
function tokensOf(lengths: readonly number[], promptLength?: number | null): PackedTokens {
  const cuSeqlens = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => (cuSeqlens[i + 1] = cuSeqlens[i] + length));
  const promptLengths = promptLength ? new Int32Array(lengths.length).fill(promptLength) : undefined;
  return {
    ids: new Int32Array(cuSeqlens[lengths.length]),
    cuSeqlens,
    maxLength: Math.max(0, ...lengths),
    ...(promptLengths && { promptLengths }),
  };
}

const pooled = (float: "f32" | "f64", { params, inputs, cotangent }: Pick<Case, "params" | "inputs" | "cotangent">, lengths: number[]) =>
  withGradients(float, { hidden: inputs.hidden }, cotangent, ({ hidden }) => {
    const tokens = uploadTokens(hidden.engine, tokensOf(lengths, params.promptLength));
    const pooling = concatPoolings(params.modes.map((mode) => byMode[mode as keyof typeof byMode]));
    return pooling.pool(hidden.value, tokens, { skipPrompt: !params.includePrompt });
  });

describe.each(tolerances)("sentence-transformers' Pooling in $float", ({ float, tolerance }) => {
  // There, cls ignores the prompt where input is packed, and skips it where it is padded; here it skips it, as the padded cases expect.
  it.each(packed.filter(({ name }) => name !== "prompt_excluded_cls"))("packed: $name", async (one) => {
    const lengths = one.cuSeqlens.slice(1).map((end, i) => end - one.cuSeqlens[i]);
    const { output, gradients } = await pooled(float, one, lengths);
    expectClose(output, flat(one.expected.output), tolerance);
    expectClose(gradients.hidden, flat(one.expected.grads.hidden), tolerance);
  });

  it.each(padded)("padded: $name", async (one) => {
    const lengths = one.attentionMask.map((row) => row.reduce((sum, bit) => sum + bit, 0));
    const real = (rows: readonly Numbers[]) =>
      rows.flatMap((row, i) => (row as readonly Numbers[]).filter((_, position) => one.attentionMask[i][position] === 1));
    const { output, gradients } = await pooled(float, { ...one, inputs: { hidden: real(one.inputs.hidden) } }, lengths);
    expectClose(output, flat(one.expected.output), tolerance);
    expectClose(gradients.hidden, flat(real(one.expected.grads.hidden)), tolerance);
  });
});

it("reads cases of every mode, of prompts, and of both sides of padding", () => {
  const names = [...packed, ...padded].map(({ name }) => name);
  for (const mode of ["cls", "mean", "max", "lasttoken", "concat"]) expect(names.some((name) => name.startsWith(mode))).toBe(true);
  expect(names.filter((name) => name.includes("prompt")).length).toBeGreaterThanOrEqual(8);
  expect(padded.filter(({ params }) => params.paddingSide === "left").length).toBeGreaterThanOrEqual(6);
});

describe.each([cls, mean, max, last])("$name", (pooling) => {
  const hidden = [
    [1, -2],
    [3, -4],
    [5, -7],
  ];
  const run = (lengths: number[], { promptLength, rows = hidden }: { promptLength?: number; rows?: number[][] } = {}) =>
    withGradients(
      "f64",
      { hidden: rows },
      Array.from({ length: lengths.length }, () => [1, 1]),
      ({ hidden: all }) =>
        pooling.pool(all.value, uploadTokens(all.engine, tokensOf(lengths, promptLength)), { skipPrompt: promptLength !== undefined }),
    );

  it("gives zeros for an empty text, and changes no other", async () => {
    const { output, gradients } = await run([0, 2, 0, 1, 0]);
    const dense = await run([2, 1]);
    expect([...output]).toEqual([0, 0, ...dense.output.slice(0, 2), 0, 0, ...dense.output.slice(2), 0, 0]);
    expect(gradients).toEqual(dense.gradients);
  });

  it("gives zeros for a text that is all prompt, whatever its tokens are", async () => {
    const { output, gradients } = await run([1, 2], {
      promptLength: 1,
      rows: [
        [NaN, Infinity],
        [3, -4],
        [5, -7],
      ],
    });
    expect([...output]).toEqual([0, 0, 5, -7]);
    expect([...gradients.hidden]).toEqual([0, 0, 0, 0, 1, 1]);
  });

  it("gives zeros [B C] for texts without any token", async () => {
    const engine = new Engine(createReferenceBackend());
    using output = engine.scope(() => pooling.pool(engine.from([], [0, 4]), uploadTokens(engine, tokensOf([0, 0]))));
    expect(output.shape).toEqual([2, 4]);
    expect([...(await output.read())]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("sees the prompt unless told to skip it", async () => {
    const all = await run([3]);
    const skipped = await run([3], { promptLength: 2 });
    expect([...skipped.output]).toEqual([5, -7]);
    if (pooling !== last && pooling !== max) expect([...all.output]).not.toEqual([5, -7]);
  });
});

it("poolings are plugins by their names", () => {
  expect(poolingPlugins.map(({ kind, name }) => `${kind}/${name}`)).toEqual(["pooling/cls", "pooling/mean", "pooling/max", "pooling/last"]);
  expect(poolingPlugins.map((plugin) => plugin.create({}, undefined as never))).toEqual([cls, mean, max, last]);
});

it("a concatenation has the name of its parts; one pooling is itself", () => {
  expect(concatPoolings([cls, max, mean]).name).toBe("cls+max+mean");
  expect(concatPoolings([mean])).toBe(mean);
});
