import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createRegistry, definePlugin, parseOptions, silentLog } from "./index.ts";
import type { Context } from "./index.ts";

declare module "./index.ts" {
  interface PluginKinds {
    thing: { label: string } & Partial<Disposable>;
    gadget: { start(): void; stop(): void };
    maker: (size: number) => object;
  }
}

const options = z.strictObject({ size: z.number().int().default(3), colour: z.enum(["red", "blue"]).default("red") });

function thing(name: string, extra: { available?: () => true | string; dispose?: () => void } = {}) {
  return definePlugin({
    kind: "thing",
    name,
    summary: name,
    options,
    ...(extra.available && { available: extra.available }),
    create: ({ size, colour }) => ({ label: `${name} ${size} ${colour}`, [Symbol.dispose]: () => extra.dispose?.() }),
  });
}

const context = { log: silentLog, signal: new AbortController().signal } as Context;

describe("createRegistry", () => {
  it("creates by name with defaults and by object", async () => {
    const registry = createRegistry().use(thing("small"));
    expect((await registry.create("thing", "small", {}, context)).label).toBe("small 3 red");
    expect((await registry.create("thing", thing("other"), { size: 1, colour: "blue" }, context)).label).toBe("other 1 blue");
  });

  it("refuses a second plugin of the same kind and name", () => {
    expect(() => createRegistry().use(thing("a")).use(thing("a"))).toThrow(
      expect.objectContaining({ code: "E_DUPLICATE_PLUGIN", place: "thing/a" }),
    );
  });

  it("names the nearest plugin", () => {
    const registry = createRegistry().use(thing("infonce")).use(thing("cosent"));
    expect(() => registry.get("thing", "infoNCE")).toThrow(/E_UNKNOWN_PLUGIN.*did you mean "infonce".*known: infonce, cosent/);
  });

  it("names the nearest option and shows a wrong value", async () => {
    const registry = createRegistry().use(thing("a"));
    await expect(registry.create("thing", "a", { sise: 1 }, context)).rejects.toThrow(
      /E_OPTION thing a has no option "sise". Hint: did you mean "size"/,
    );
    await expect(registry.create("thing", "a", { size: "big" }, context)).rejects.toThrow(
      'E_OPTION thing a size expected number, received string: got "big"',
    );
    const needy = z.strictObject({ tokens: z.int(), sizes: z.array(z.int().positive()).optional() });
    expect(() => parseOptions(needy, {}, "sampler a")).toThrow(/^E_OPTION sampler a tokens is missing$/);
    expect(() => parseOptions(needy, { tokens: 1, sizes: [2, 0] }, "sampler a")).toThrow(
      /^E_OPTION sampler a sizes\.1 expected number to be >0: got 0$/,
    );
  });

  it("says of a value that may be several things what is wrong with the one that it was meant to be", () => {
    const source = z.strictObject({ path: z.string().min(1), weight: z.number().positive().optional() });
    const schema = z.strictObject({ data: z.union([z.string().min(1), z.array(z.union([z.string().min(1), source])).min(1)]) });
    const told = (data: unknown): string => {
      try {
        return JSON.stringify(parseOptions(schema, { data }, "train"));
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(told(["a", { path: "b", weight: 2 }])).toBe('{"data":["a",{"path":"b","weight":2}]}');
    expect(told(["a", { path: "b", weigth: 2 }])).toBe('E_OPTION train data.1 has no option "weigth". Hint: did you mean "weight"?');
    expect(told([{ path: "b", weight: -1 }])).toBe("E_OPTION train data.0.weight expected number to be >0: got -1");
    expect(told([{ weight: 1 }])).toBe("E_OPTION train data.0.path is missing");
    expect(told([7])).toBe("E_OPTION train data.0 expected string or object: got 7");
    expect(told(7)).toBe("E_OPTION train data expected string or array: got 7");
    expect(told("")).toBe('E_OPTION train data expected string to have >=1 characters: got ""');
    expect(told([])).toBe("E_OPTION train data expected array to have >=1 items: got []");
  });

  it("says why a plugin is not available, also when its probe throws", async () => {
    const broken = thing("broken", {
      available: () => {
        throw new Error("no driver");
      },
    });
    const registry = createRegistry()
      .use(thing("absent", { available: () => "no such device" }))
      .use(broken);
    expect(await registry.available("thing", "absent")).toBe("no such device");
    expect(await registry.available("thing", "broken")).toBe("no driver");
    await expect(registry.create("thing", "absent", {}, context)).rejects.toThrow(/E_UNAVAILABLE.*no such device/);
  });

  it("says when a plugin creates something else than its kind is", async () => {
    const registry = createRegistry({ shapes: { gadget: ["start", "stop"], maker: "(size) => Gadget" } });
    const create = (kind: "gadget" | "maker", made: unknown) => {
      const plugin = definePlugin({ kind, name: "a", summary: "", options: z.strictObject({}), create: () => made as never });
      return registry.create(kind, plugin, {}, context);
    };
    const gadget = { start() {}, stop() {} };
    expect(await create("gadget", gadget)).toBe(gadget);
    const cases = [
      ["gadget", undefined, "gadget a creates no gadget: expected an object with the functions start, stop, got undefined"],
      ["gadget", { start() {} }, "gadget a creates no gadget: expected an object with the functions start, stop, got an object with start"],
      ["maker", gadget, "maker a creates no maker: expected the function (size) => Gadget, got an object with start, stop"],
      ["maker", "x", 'maker a creates no maker: expected the function (size) => Gadget, got "x"'],
    ] as const;
    for (const [kind, made, sentence] of cases) {
      await expect(create(kind, made)).rejects.toMatchObject({ code: "E_PLUGIN", sentence });
    }
  });

  it("disposes in reverse, goes on after an error and throws the first one", async () => {
    const order: string[] = [];
    const failing = (name: string) =>
      thing(name, {
        dispose: () => {
          order.push(name);
          if (name !== "a") throw new Error(`${name} failed`);
        },
      });
    const registry = createRegistry().use(failing("a")).use(failing("b")).use(failing("c"));
    for (const name of ["a", "b", "c"]) await registry.create("thing", name, {}, context);
    await expect(registry[Symbol.asyncDispose]()).rejects.toThrow("c failed");
    expect(order).toEqual(["c", "b", "a"]);
  });
});
