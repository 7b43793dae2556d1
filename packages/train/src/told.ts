// What the device tells of a step, asked for when the step is enqueued and answered when it is done.

import type { TypedArray } from "@attune/tensor";
import type { Clock } from "./clock.ts";
import type { StepTensors } from "./step.ts";

/** A step that is done. */
export interface Told {
  /** On the training clock, when the device had done the step. */
  readonly seconds: number;
  readonly control: TypedArray;
  readonly losses: readonly number[];
}

/** Reads a step's outcome and lets go of its tensors. A failure is thrown to whoever awaits the answer. */
export function ask({ control, losses }: StepTensors, clock: Clock): Promise<Told> {
  const told = Promise.all([control.read(), ...losses.map((one) => one.item())])
    .then(([values, ...items]) => ({ control: values, losses: items, seconds: clock.seconds }))
    .finally(() => {
      for (const tensor of [control, ...losses]) tensor.dispose();
    });
  told.catch(() => undefined);
  return told;
}
