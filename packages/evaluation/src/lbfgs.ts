// Minimises a smooth function of many variables from its value and gradient (Liu and Nocedal 1989), in f64.

import { createPace, type Pace } from "@attune/core";

export interface Objective {
  /** Writes the gradient at x and returns the value. */
  (x: Float64Array, gradient: Float64Array): number;
}

export interface LbfgsOptions {
  readonly maxIterations?: number;
  /** Ends when no entry of the gradient is larger. */
  readonly tolerance?: number;
  /** Steps remembered. */
  readonly memory?: number;
  /** Heard between evaluations of the objective, about ten times a second; rejects with its reason. */
  readonly signal?: AbortSignal;
}

interface Step {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** Moves `x` to a minimum of `objective`, in place. */
export async function minimize(
  objective: Objective,
  x: Float64Array,
  { maxIterations = 1000, tolerance = 1e-6, memory = 10, signal }: LbfgsOptions = {},
): Promise<void> {
  const pace = createPace(signal);
  const gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const steps: Step[] = [];
  for (let i = 0; i < maxIterations && largest(gradient) > tolerance; i++) {
    signal?.throwIfAborted();
    const direction = descent(gradient, steps);
    const before = { x: x.slice(), gradient: gradient.slice() };
    // The first direction is the bare gradient, whose length says nothing about the scale of x.
    const next = await search(objective, {
      x,
      gradient,
      value,
      direction,
      first: i === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1,
      pace,
    });
    if (next === undefined) return; // no further descent within the precision of f64
    value = next;
    const s = x.map((entry, j) => entry - before.x[j]);
    const y = gradient.map((entry, j) => entry - before.gradient[j]);
    const curvature = dot(s, y);
    if (curvature > 1e-300) steps.push({ s, y, rho: 1 / curvature });
    if (steps.length > memory) steps.shift();
  }
}

/** −H · gradient by the two-loop recursion. */
function descent(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const q = gradient.map((entry) => -entry);
  const alphas = new Float64Array(steps.length);
  for (let i = steps.length - 1; i >= 0; i--) {
    const { s, y, rho } = steps[i];
    alphas[i] = rho * dot(s, q);
    addScaled(q, y, -alphas[i]);
  }
  const last = steps.at(-1);
  if (last) {
    const scale = dot(last.s, last.y) / dot(last.y, last.y);
    for (let j = 0; j < q.length; j++) q[j] *= scale;
  }
  steps.forEach(({ s, y, rho }, i) => addScaled(q, s, alphas[i] - rho * dot(y, q)));
  return q;
}

interface Search {
  readonly x: Float64Array;
  readonly gradient: Float64Array;
  readonly value: number;
  readonly direction: Float64Array;
  readonly first: number;
  readonly pace: Pace;
}

/** Halves or doubles the step until the value falls enough and the slope flattens (weak Wolfe); undefined when nothing falls. */
async function search(objective: Objective, { x, gradient, value, direction, first, pace }: Search): Promise<number | undefined> {
  const start = x.slice();
  const slope = dot(gradient, direction);
  let [low, high, step] = [0, Infinity, first];
  for (let tries = 0; tries < 50; tries++) {
    if (pace.due) await pace.pause();
    for (let j = 0; j < x.length; j++) x[j] = start[j] + step * direction[j];
    const reached = objective(x, gradient);
    if (!(reached <= value + 1e-4 * step * slope)) high = step;
    else if (dot(gradient, direction) < 0.9 * slope) low = step;
    else return reached;
    step = high === Infinity ? 2 * step : (low + high) / 2;
  }
  x.set(start);
  objective(x, gradient);
  return undefined;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addScaled(into: Float64Array, from: Float64Array, scale: number): void {
  for (let i = 0; i < into.length; i++) into[i] += scale * from[i];
}
