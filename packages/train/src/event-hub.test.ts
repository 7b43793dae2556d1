import { expect, it } from "vitest";
import { EventHub } from "./event-hub.ts";
import type { TrainEvent } from "./index.ts";

const warning = (step: number): TrainEvent => ({ type: "warning", step, message: "careful" });
const step = (number: number): TrainEvent => ({
  type: "step",
  step: number,
  epoch: 0,
  loss: 1,
  learningRate: 1,
  gradientNorm: 1,
  applied: true,
  tokens: 1,
  seconds: 1,
});

async function all(hub: EventHub): Promise<[string, number][]> {
  const seen: [string, number][] = [];
  for await (const event of hub.events()) if (event.type === "step" || event.type === "warning") seen.push([event.type, event.step]);
  return seen;
}

it("gives every event to whoever listens from the start, however slow", async () => {
  const hub = new EventHub(3);
  const listening = hub.events();
  const first = listening.next();
  for (let i = 1; i <= 20; i++) hub.publish(step(i));
  hub.close();
  const seen = [await first];
  for await (const event of listening) seen.push({ done: false, value: event });
  expect(seen.map(({ value }) => (value as { step: number }).step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

it("gives a late listener everything but the oldest steps", async () => {
  const hub = new EventHub(3);
  hub.publish(warning(0));
  for (let i = 1; i <= 5; i++) hub.publish(step(i));
  hub.publish(warning(5));
  hub.publish(step(6));
  hub.close();
  expect(await all(hub)).toEqual([
    ["warning", 0],
    ["step", 5],
    ["warning", 5],
    ["step", 6],
  ]);
  expect(hub.published).toBe(8);
});
