import { uploadTokens } from "@attune/tensor";
import type { LinearActivation, Parameter } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, flat, readGolden, withGradients } from "../test/golden.ts";
import type { ByName, Numbers } from "../test/golden.ts";
import { dense, normalize } from "./heads.ts";
import { mean } from "./poolings.ts";

interface Case {
  readonly name: string;
  readonly params: { module?: string; activation?: LinearActivation | "identity"; chain?: readonly string[] };
  readonly inputs: ByName;
  readonly cuSeqlens?: readonly number[];
  readonly cotangent: Numbers;
  readonly expected: { output: Numbers; grads: ByName };
}

const cases = readGolden<{ cases: Case[] }>("pooling/modules.json").cases;
const denseOf = ({ weight, bias }: Record<string, Parameter>, activation: LinearActivation | "identity" = "identity") =>
  dense({ weight, ...(bias && { bias }), activation: activation === "identity" ? "none" : activation });

function expectCase({ output, gradients }: Awaited<ReturnType<typeof withGradients>>, { expected }: Case, tolerance: number): void {
  expectClose(output, flat(expected.output), tolerance);
  expect(Object.keys(gradients).sort()).toEqual(Object.keys(expected.grads).sort());
  for (const [name, grads] of Object.entries(expected.grads)) expectClose(gradients[name], flat(grads), tolerance);
}

describe.each([
  { float: "f64", tolerance: 1e-8 },
  { float: "f32", tolerance: 2e-6 },
] as const)("sentence-transformers' modules in $float", ({ float, tolerance }) => {
  it.each(cases.filter(({ params }) => params.module === "Dense"))("Dense: $name", async (one) => {
    const run = withGradients(float, one.inputs, one.cotangent, (given) => denseOf(given, one.params.activation).apply(given.x.value));
    expectCase(await run, one, tolerance);
  });

  it.each(cases.filter(({ params }) => params.module === "Normalize"))("Normalize: $name", async (one) => {
    expectCase(await withGradients(float, one.inputs, one.cotangent, ({ x }) => normalize.apply(x.value)), one, tolerance);
  });

  it.each(cases.filter(({ params }) => params.chain))("a chain: $name", async (one) => {
    const cuSeqlens = Int32Array.from(one.cuSeqlens!);
    const run = withGradients(float, one.inputs, one.cotangent, (given) => {
      const { engine, value } = given.hidden;
      const tokens = uploadTokens(engine, { ids: new Int32Array(value.shape[0]), cuSeqlens, maxLength: value.shape[0] });
      return normalize.apply(denseOf(given, "tanh").apply(mean.pool(value, tokens)));
    });
    expectCase(await run, one, tolerance);
  });
});

it("reads all of them", () => {
  expect(cases.filter(({ params }) => params.chain || /^(Dense|Normalize)$/.test(params.module!)).map(({ name }) => name)).toHaveLength(7);
});

describe("widths", () => {
  it("follow from head to head", async () => {
    await withGradients("f32", { weight: [[1, 2, 3]], x: [[1, 2, 3]] }, [[1]], ({ weight, x }) => {
      const head = dense({ weight, activation: "none" });
      expect(head.width(3)).toBe(1);
      expect(normalize.width(3)).toBe(3);
      expect(() => head.width(4)).toThrow("E_WIDTH weight expected an input of width 3, got 4");
      expect(head.parameters).toEqual([weight]);
      return head.apply(x.value);
    });
  });

  it("a row of zeros stays zero when it is normalised, and so does its gradient's direction", async () => {
    const { output, gradients } = await withGradients(
      "f64",
      {
        x: [
          [0, 0],
          [3, 4],
        ],
      },
      [
        [0, 0],
        [1, 0],
      ],
      ({ x }) => normalize.apply(x.value),
    );
    expectClose(output, [0, 0, 0.6, 0.8], 1e-15);
    expectClose(gradients.x, [0, 0, 0.128, -0.096], 1e-15);
  });
});
