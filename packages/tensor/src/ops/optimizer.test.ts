import { describe, expect, it } from "vitest";
import { referenceEngine } from "../../test/engine.ts";
import { expectClose, flat, readGolden } from "../../test/golden.ts";
import type { Numbers } from "../../test/golden.ts";
import type { Engine } from "../engine.ts";
import type { Tensor } from "../tensor.ts";
import { adamw, sumOfSquares, updateControl } from "./optimizer.ts";

type ByName = Readonly<Record<string, Numbers>>;
interface Hyper {
  readonly type: string;
  readonly lr: number;
  readonly lrs?: readonly number[];
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly amsgrad?: boolean;
  readonly weightDecay: Readonly<Record<string, number>>;
}
interface Trajectories {
  readonly initial: ByName;
  readonly gradients: readonly ByName[];
  readonly cases: readonly { name: string; hyper: Hyper; expected: readonly { params: ByName }[] }[];
}
interface Clip {
  readonly name: string;
  readonly maxNorm: number | string;
  readonly gradients: ByName;
  readonly expected: { totalNorm: number | string; gradients: ByName };
}

const trajectories = readGolden<Trajectories>("optim/optimizers.json");
const clips = readGolden<{ cases: Clip[] }>("optim/clip_grad_norm.json").cases;
const options = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/** A tensor outside of all scopes. */
function persistent(engine: Engine, values: Numbers): Tensor {
  const tensor = engine.makePersistent([flat(values).length], engine.float);
  engine.writeTo(tensor, flat(values));
  return tensor;
}

function counter(engine: Engine): Tensor {
  const applied = engine.makePersistent([1], "i32");
  engine.writeTo(applied, [0]);
  return applied;
}

describe("adamw", () => {
  const cases = trajectories.cases.filter(({ hyper }) => hyper.type === "adamw" && !hyper.amsgrad);
  it.each(cases)("follows torch.optim.AdamW for 12 steps: $name", async ({ hyper, expected }) => {
    const engine = referenceEngine();
    const applied = counter(engine);
    const zeros = (values: Numbers): Tensor =>
      persistent(
        engine,
        flat(values).map(() => 0),
      );
    const states = Object.entries(trajectories.initial).map(([name, values]) => ({
      name,
      parameter: persistent(engine, values),
      m: zeros(values),
      v: zeros(values),
    }));
    for (const [step, gradients] of trajectories.gradients.entries()) {
      engine.scope(() => {
        const own = states.map(({ name }) => engine.from(flat(gradients[name])));
        const control = updateControl({ squares: sumOfSquares(own), applied }, { maxNorm: 0, gradientScale: 1 });
        states.forEach(({ name, parameter, m, v }, i) => {
          const { betas, eps, weightDecay, lrs, lr } = hyper;
          adamw(
            { parameter, gradient: own[i], m, v, control },
            { learningRate: lrs?.[step] ?? lr, beta1: betas[0], beta2: betas[1], eps, weightDecay: weightDecay[name] },
          );
        });
      });
      for (const { name, parameter } of states) expectClose(await parameter.read(), flat(expected[step].params[name]), 2e-8);
    }
    expect((await applied.read())[0]).toBe(12);
  });

  it("skips a step that is not finite, and does not count it", async () => {
    const engine = referenceEngine("f32");
    const applied = counter(engine);
    const [parameter, m, v] = [
      [1, 2],
      [0, 0],
      [0, 0],
    ].map((values) => persistent(engine, values));
    const step = async (gradient: number[]): Promise<number[]> => {
      const control = engine.scope(() => {
        const own = engine.from(gradient);
        const made = updateControl({ squares: sumOfSquares([own]), applied }, { maxNorm: 1, gradientScale: 1 });
        adamw({ parameter, gradient: own, m, v, control: made }, options);
        return made;
      });
      return [...(await control.read())];
    };
    const norm = Math.fround(Math.sqrt(2));
    expect((await step([1, 1])).slice(2)).toEqual([1, 1]);
    const before = [await parameter.read(), await m.read(), await v.read()];
    for (const bad of [NaN, Infinity, 1e30]) expect((await step([1, bad])).slice(2)).toEqual([0, 1]); // the square of 1e30 is beyond f32
    expect([await parameter.read(), await m.read(), await v.read()]).toEqual(before);
    const last = await step([1, -1]);
    expect(last[0]).toBeCloseTo(norm, 6);
    expect(last.slice(2)).toEqual([1, 2]);
    expect((await applied.read())[0]).toBe(2);
  });
});

describe("updateControl", () => {
  it.each(clips)("clips as clip_grad_norm_: $name", async ({ maxNorm, gradients, expected }) => {
    const engine = referenceEngine();
    const limit = Number(maxNorm);
    const control = engine.scope(() => {
      const all = Object.values(gradients).map((values) => engine.from(flat(values)));
      return updateControl({ squares: sumOfSquares(all), applied: counter(engine) }, { maxNorm: limit, gradientScale: 1 });
    });
    const [norm, factor, finite] = await control.read();
    expectClose([norm], [Number(expected.totalNorm)], 1e-8);
    expect(finite).toBe(Number.isFinite(norm) ? 1 : 0);
    if (finite)
      for (const [name, values] of Object.entries(gradients))
        expectClose(
          flat(values).map((value) => value * factor),
          flat(expected.gradients[name]),
          1e-8,
        );
  });

  it("scales before it clips, and clips nothing without a limit", async () => {
    const engine = referenceEngine();
    const read = async (maxNorm: number): Promise<number[]> => {
      const control = engine.scope(() =>
        updateControl({ squares: engine.from([400]), applied: counter(engine) }, { maxNorm, gradientScale: 0.25 }),
      );
      return [...(await control.read())];
    };
    expect((await read(0)).slice(0, 2)).toEqual([5, 0.25]);
    expectClose((await read(2)).slice(0, 2), [5, (0.25 * 2) / (5 + 1e-6)], 1e-15);
  });
});

describe("sumOfSquares", () => {
  it("adds up every element of every tensor, across blocks", async () => {
    const engine = referenceEngine();
    const y = engine.scope(() => sumOfSquares([engine.from(new Float64Array(65536 + 3).fill(2)), engine.from([3])]));
    expect(await y.item()).toBe(4 * 65539 + 9);
  });
});
