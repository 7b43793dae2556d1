import { describe, expect, it } from "vitest";
import { expectRows, readGolden, run } from "../test/golden.ts";
import type { Known, Rows } from "../test/golden.ts";
import { infonce } from "./infonce.ts";

interface Case {
  readonly name: string;
  readonly params: {
    readonly scale?: number;
    readonly temperature?: number;
    readonly similarity?: "cos" | "dot";
    readonly normalize?: boolean;
    readonly directions?: readonly string[];
    readonly partitionMode?: string;
    readonly hardnessMode?: string | null;
    readonly hardnessStrength?: number;
    readonly candidates?: "in_batch" | "group_only" | "margin" | "own_positive_all_hard";
    readonly groupSize?: number;
    readonly margin?: number;
  };
  readonly inputs: Readonly<Record<string, Rows>>;
  readonly mask?: Rows;
  readonly expected: { readonly loss: number; readonly grads: Readonly<Record<string, Rows>> };
}

const cases = readGolden<{ cases: Case[] }>("losses/info_nce.json").cases;
const negatives = { in_batch: "in-batch", group_only: "group", margin: "in-batch", own_positive_all_hard: "own-positive-and-all-hard" };
const dashed = (name: string): string => name.replaceAll("_", "-");

function optionsOf({ params }: Case): object {
  const { scale, temperature = 1 / scale!, similarity, normalize, directions, partitionMode, hardnessMode } = params;
  return {
    temperature,
    similarity: normalize === false || similarity === "dot" ? "dot" : "cosine",
    negatives: negatives[params.candidates ?? "in_batch"],
    margin: params.margin ?? 0,
    ...(directions && { directions: directions.map(dashed) }),
    ...(partitionMode && { partition: dashed(partitionMode) }),
    ...(hardnessMode && { hardness: dashed(hardnessMode) }),
    hardnessStrength: params.hardnessStrength ?? 0,
  };
}

/** Candidates and gradients in one order: the columns one after another, or the passages as they are. */
function batchOf({ inputs, expected, params, mask }: Case) {
  const columns = Object.keys(inputs).filter((name) => name !== "query");
  const candidates = columns.flatMap((name) => inputs[name]);
  const rows = inputs.query.length;
  const size = params.groupSize ?? 0;
  const known: Known = {
    targets: Int32Array.from({ length: rows }, (_, i) => i * (size || 1)),
    groups: Int32Array.from(candidates, (_, j) => (size ? Math.floor(j / size) : j % rows)),
    ...(mask && { exclude: Uint8Array.from(mask.flat()) }),
  };
  return { anchor: inputs.query, candidates, known, gradients: columns.flatMap((name) => expected.grads[name]) };
}

describe.each([
  { float: "f64", value: 1e-8, gradient: 1e-7 },
  { float: "f32", value: 1e-5, gradient: 1e-4 },
] as const)("the numbers of the peers in $float", ({ float, value, gradient }) => {
  it.each(cases)("$name", async (one) => {
    const { anchor, candidates, known, gradients } = batchOf(one);
    const got = await run(infonce, { float, options: optionsOf(one), anchor, candidates, known });
    expectRows([[got.loss]], [[one.expected.loss]], value);
    expectRows(got.anchor, one.expected.grads.query, gradient);
    expectRows(got.candidates, gradients, gradient);
  });
});

it("every kind of case is among them", () => {
  expect(cases).toHaveLength(33);
  for (const start of ["symmetric", "hardness", "fe_", "paddle", "embedrag", "same_id"])
    expect(cases.some(({ name }) => name.startsWith(start))).toBe(true);
});
