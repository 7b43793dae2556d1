import { expect, it } from "vitest";
import { Engine } from "./engine.ts";
import { createNullBackend } from "./null-backend.ts";
import { addInto, fillInto } from "./ops/add-into.ts";
import { square } from "./ops/unary.ts";
import { Parameter } from "./parameter.ts";
import { createReferenceBackend } from "./reference/backend.ts";

it.each([3, 5])("refuses %i values for a tensor of four", (count) => {
  const engine = new Engine(createReferenceBackend());
  const parameter = new Parameter("p", engine.makePersistent([2, 2], "f32"));
  const refusal = expect.objectContaining({ code: "E_SHAPE", expected: "4 values for [2 2]", got: String(count) });
  expect(() => parameter.write(new Float32Array(count))).toThrow(refusal);
  expect(() => engine.writeTo(parameter.value, Array<number>(count).fill(1))).toThrow(refusal);
  expect(parameter.version).toBe(0);
});

it("counts what is written, by the host and by ops, and lets no gradient flow through what was", () => {
  const engine = new Engine(createReferenceBackend());
  const parameter = new Parameter("p", engine.makePersistent([2], "f32"));
  const writes: readonly (() => void)[] = [
    () => parameter.write(Float32Array.of(1, 2)),
    () => engine.writeTo(parameter.value, [1, 2]),
    () => fillInto(parameter.value, 3),
    () => addInto(parameter.value, engine.from([1, 1]), { accumulate: true }),
  ];
  for (const write of writes) {
    const { version } = parameter;
    const step = (): void =>
      engine.scope(() => {
        const y = square(parameter.value);
        write();
        engine.backward(y, { cotangent: engine.from([1, 1]) });
      });
    expect(step).toThrow(expect.objectContaining({ code: "E_STALE", place: "square" }));
    expect(parameter.version).toBe(version + 1);
  }
});

it.each([createReferenceBackend, createNullBackend])("%o refuses to copy beyond a slot", async (create) => {
  const backend = create();
  const slot = backend.alloc(8, "persistent");
  backend.write(slot, 4, new Uint8Array(4));
  expect((await backend.read(slot, 4, 4)).byteLength).toBe(4);
  expect(() => backend.write(slot, 5, new Uint8Array(4))).toThrow(expect.objectContaining({ code: "E_ATTRIBUTE" }));
  await expect(backend.read(slot, 5, 4)).rejects.toMatchObject({ code: "E_ATTRIBUTE" });
  expect(backend.counters.bytesWritten).toBe(4);
});
