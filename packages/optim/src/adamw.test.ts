import { parseOptions } from "@attune/core";
import type { Context } from "@attune/core";
import type { Engine, Parameter } from "@attune/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, flat, newEngine, parameterOf, readGolden, setGradients } from "../test/golden.ts";
import type { ByName, Numbers } from "../test/golden.ts";
import { adamw } from "./adamw.ts";
import type { Optimizer, StepOptions } from "./optimizer.ts";
import { decayGroups } from "./parameter-groups.ts";

interface Trajectories {
  readonly initial: ByName;
  readonly gradients: readonly ByName[];
  readonly cases: readonly {
    readonly name: string;
    readonly hyper: {
      readonly type: string;
      readonly lr: number;
      readonly lrs?: readonly number[];
      readonly betas: readonly [number, number];
      readonly eps: number;
      readonly amsgrad?: boolean;
      readonly weightDecay: Readonly<Record<string, number>>;
    };
    readonly expected: readonly {
      readonly params: ByName;
      readonly state: Readonly<Record<string, { readonly exp_avg: Numbers; readonly exp_avg_sq: Numbers }>>;
    }[];
  }[];
}
interface Clip {
  readonly name: string;
  readonly maxNorm: number | string;
  readonly gradients: ByName;
  readonly expected: { readonly totalNorm: number | string; readonly gradients: ByName };
}

const trajectories = readGolden<Trajectories>("optim/optimizers.json");
const clips = readGolden<{ cases: Clip[] }>("optim/clip_grad_norm.json").cases;
const plain: StepOptions = { learningRate: 0.1, maxNorm: 0, gradientScale: 1 };

/** An optimiser over parameters of these values. */
async function optimizerOf(
  engine: Engine,
  initial: ByName,
  { options = {}, weightDecay = () => 0 }: { options?: object; weightDecay?: (name: string) => number } = {},
): Promise<{ optimizer: Optimizer; parameters: Parameter[] }> {
  const parameters = Object.entries(initial).map(([name, values]) => parameterOf(engine, name, values));
  const factory = await adamw.create(parseOptions(adamw.options, options, "adamw"), {} as Context);
  const groups = parameters.map((parameter) => ({ parameter, weightDecay: weightDecay(parameter.name) }));
  return { optimizer: factory.create(groups), parameters };
}

/** One step with these gradients; returns the control values. */
async function step(
  engine: Engine,
  { optimizer, parameters }: Awaited<ReturnType<typeof optimizerOf>>,
  gradients: ByName,
  options = plain,
) {
  setGradients(parameters, gradients);
  using control = engine.scope(() => optimizer.step(options));
  const [norm, factor, finite, steps] = await control.read();
  return { norm, factor, finite, steps };
}

const valuesOf = async (parameters: readonly Parameter[]) => Promise.all(parameters.map(({ value }) => value.read()));
const stateOf = async ({ state }: Optimizer) =>
  Promise.all([...state.values()].flatMap((kinds) => Object.values(kinds)).map((tensor) => tensor.read()));

describe.each([
  { float: "f64", tolerance: 2e-8 },
  { float: "f32", tolerance: 1e-6 },
] as const)("in $float", ({ float, tolerance }) => {
  const cases = trajectories.cases.filter(({ hyper }) => hyper.type === "adamw" && !hyper.amsgrad);

  it.each(cases)("follows torch.optim.AdamW for 12 steps, state included: $name", async ({ hyper, expected }) => {
    const engine = newEngine(float);
    const { lr, lrs, betas, eps, weightDecay } = hyper;
    const made = await optimizerOf(engine, trajectories.initial, {
      options: { beta1: betas[0], beta2: betas[1], eps },
      weightDecay: (name) => weightDecay[name],
    });
    for (const [k, gradients] of trajectories.gradients.entries()) {
      const { steps } = await step(engine, made, gradients, { ...plain, learningRate: lrs?.[k] ?? lr });
      expect(steps).toBe(k + 1);
      for (const { name, value } of made.parameters) {
        expectClose(await value.read(), flat(expected[k].params[name]), tolerance);
        const { m, v } = made.optimizer.state.get(name)!;
        expectClose(await m.read(), flat(expected[k].state[name].exp_avg), tolerance);
        expectClose(await v.read(), flat(expected[k].state[name].exp_avg_sq), tolerance);
      }
    }
  });

  it.each(clips)("clips as torch's clip_grad_norm_: $name", async ({ maxNorm, gradients, expected }) => {
    const engine = newEngine(float);
    const made = await optimizerOf(engine, gradients);
    const { norm, finite } = await step(engine, made, gradients, { ...plain, maxNorm: Number(maxNorm) });
    expectClose([norm], [Number(expected.totalNorm)], tolerance);
    expect(finite).toBe(Number.isFinite(Number(expected.totalNorm)) ? 1 : 0);
    for (const [name, { m }] of made.optimizer.state) {
      const clipped = Array.from(await m.read(), (mean) => mean / 0.1); // after one step m = (1 − 0.9) g
      expectClose(clipped, finite ? flat(expected.gradients[name]) : flat(gradients[name]).map(() => 0), tolerance);
    }
  });
});

it("averages what was accumulated: two gradients of one step are their mean", async () => {
  const engine = newEngine();
  const initial = { a: [1, -2], b: [0.5] };
  const [whole, parts] = [await optimizerOf(engine, initial), await optimizerOf(engine, initial)];
  const mean = await step(engine, whole, { a: [2, -1], b: [0.25] }, { ...plain, maxNorm: 1 });
  const sum = await step(engine, parts, { a: [4, -2], b: [0.5] }, { ...plain, maxNorm: 1, gradientScale: 0.5 });
  expect(sum.norm).toBeCloseTo(mean.norm, 14);
  expect(sum.factor).toBeCloseTo(0.5 * mean.factor, 14);
  const [a, b] = [await valuesOf(whole.parameters), await valuesOf(parts.parameters)];
  a.forEach((values, i) => expectClose(b[i], values, 1e-15));
});

describe("a gradient that is not finite", () => {
  it.each([NaN, Infinity, -Infinity])("(%d) changes nothing, is not counted, and is forgotten", async (bad) => {
    const engine = newEngine("f32");
    const made = await optimizerOf(engine, { a: [1, 2], b: [3] }, { weightDecay: () => 0.1 });
    await step(engine, made, { a: [1, 1], b: [1] });
    const before = [await valuesOf(made.parameters), await stateOf(made.optimizer)];
    expect(await step(engine, made, { a: [1, bad], b: [1] }, { ...plain, maxNorm: 1 })).toMatchObject({ finite: 0, steps: 1 });
    expect([await valuesOf(made.parameters), await stateOf(made.optimizer)]).toEqual(before);
    expect(made.parameters.every(({ gradient }) => gradient === undefined)).toBe(true);
    expect(await step(engine, made, { a: [1, 1], b: [1] })).toMatchObject({ finite: 1, steps: 2 });
    expect(await valuesOf(made.parameters)).not.toEqual(before[0]);
  });
});

describe("a step", () => {
  it("leaves a parameter without gradient alone: value, state and version", async () => {
    const engine = newEngine();
    const made = await optimizerOf(engine, { used: [1], unused: [5, 6] }, { weightDecay: () => 0.5 });
    const version = made.parameters[1].version;
    await step(engine, made, { used: [1] });
    expect([...(await made.parameters[1].value.read())]).toEqual([5, 6]);
    expect(made.parameters[1].version).toBe(version);
    expect([...(await made.optimizer.state.get("unused")!.m.read())]).toEqual([0, 0]);
    expect([...(await made.parameters[0].value.read())][0]).toBeLessThan(1);
  });

  it("takes the gradients, and says that values changed", async () => {
    const engine = newEngine();
    const made = await optimizerOf(engine, { a: [1] });
    const [parameter] = made.parameters;
    const { version } = parameter;
    await step(engine, made, { a: [1] });
    expect(parameter.version).toBeGreaterThan(version);
    expect(parameter.gradient).toBeUndefined();
    expect(() => engine.scope(() => made.optimizer.step(plain))).toThrow(expect.objectContaining({ code: "E_NO_GRADIENT" }));
  });

  it("decays without a gradient's help, by its own rate", async () => {
    const engine = newEngine();
    const made = await optimizerOf(engine, { a: [4], b: [4] }, { weightDecay: (name) => (name === "a" ? 0.5 : 0) });
    await step(engine, made, { a: [0], b: [0] });
    expectClose(await made.parameters[0].value.read(), [4 * (1 - 0.1 * 0.5)], 1e-15);
    expect([...(await made.parameters[1].value.read())]).toEqual([4]);
  });
});

it("gives its memory back", async () => {
  const engine = newEngine("f32");
  const { optimizer, parameters } = await optimizerOf(engine, { a: [1, 2, 3], b: [1] });
  expect(engine.backend.counters.bytesLive).toBe(4 * 4 * 3 + 4); // values, m and v, and the count
  optimizer[Symbol.dispose]();
  for (const parameter of parameters) parameter.dispose();
  expect(engine.backend.counters.bytesLive).toBe(0);
});

describe("refused", () => {
  it("nothing to train, and two parameters of one name", async () => {
    const factory = await adamw.create(parseOptions(adamw.options, {}, "adamw"), {} as Context);
    expect(() => factory.create([])).toThrow(expect.objectContaining({ code: "E_NOTHING_TO_TRAIN" }));
    const parameter = parameterOf(newEngine(), "a", [1]);
    expect(() => factory.create(decayGroups([parameter, parameter], 0))).toThrow(
      expect.objectContaining({ code: "E_DUPLICATE_PARAMETER" }),
    );
  });

  it.each([{ beta1: 1 }, { beta2: -0.1 }, { eps: 0 }, { betas: [0.9, 0.999] }, { beta1: "0.9" }])("%j", (options) => {
    expect(() => parseOptions(adamw.options, options, "optimizer adamw")).toThrow("E_OPTION optimizer adamw");
  });
});
