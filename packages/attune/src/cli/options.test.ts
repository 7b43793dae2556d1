import { createRegistry, definePlugin } from "@attune/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { choice } from "../settings/choice.ts";
import { parseFlags } from "./arguments.ts";
import { resolveSettings } from "./options.ts";

const schema = z.strictObject({
  data: z.string(),
  batchSize: z.int().positive().default(32),
  rate: z.number().default(0.5),
  eval: z.boolean().default(true),
  mode: z.enum(["each", "random"]).default("each"),
  k: z.array(z.int()).optional(),
  columns: z.record(z.string(), z.string()).optional(),
  loss: choice("loss", "near", "what is minimised"),
  schedule: choice("schedule", "flat", "learning rate"),
});

const options = z.strictObject({ temperature: z.number().positive().default(1), power: z.number().default(2) });
const near = definePlugin({
  kind: "loss",
  name: "near",
  summary: "",
  options,
  create: () => ({ name: "near", needs: [], compute: () => undefined as never }),
});
const far = { ...near, name: "far", options: z.strictObject({ margin: z.number().default(1) }) };
const flat = definePlugin({
  kind: "schedule",
  name: "flat",
  summary: "",
  options: z.strictObject({ power: z.number().default(1) }),
  create: () => ({ name: "flat", factor: () => 1 }),
});
const registry = createRegistry().use(near).use(far).use(flat);

const resolve = (line: string, settings?: Record<string, unknown>) =>
  resolveSettings(parseFlags(line.split(" ").filter(Boolean)), {
    schema,
    registry,
    switches: ["resume"],
    ...(settings && { file: { path: "my.json", settings } }),
  });

describe("precedence", () => {
  test("flags over the file, the file over defaults", () => {
    expect(resolve("--batch-size 8", { data: "d", batchSize: 16, rate: 0.1 })).toMatchObject({
      data: "d",
      batchSize: 8,
      rate: 0.1,
      mode: "each",
    });
  });

  test("a plugin's options survive a flag that names the same plugin, and no other", () => {
    const file = { data: "d", loss: ["near", { temperature: 3 }] };
    expect(resolve("--loss near", file).loss).toEqual(["near", { temperature: 3 }]);
    expect(resolve("--loss far", file).loss).toBe("far");
    expect(resolve("--temperature 5", file).loss).toEqual(["near", { temperature: 5 }]);
  });
});

describe("values", () => {
  test("have the types of the schema", () => {
    expect(resolve("--data d --no-eval --mode random --k 1,10 --k 100 --columns anchor=a,positive=b --rate -1e-3")).toMatchObject({
      eval: false,
      mode: "random",
      k: [1, 10, 100],
      columns: { anchor: "a", positive: "b" },
      rate: -0.001,
    });
    expect(resolve("--data d --eval=false").eval).toBe(false);
  });

  test.each([
    ["--data d --batch-size many", '--batch-size expected a whole number, got "many"'],
    ["--data d --batch-size 1.5", '--batch-size expected a whole number, got "1.5"'],
    ["--data d --batch-size 0", "--batch-size expected number to be >0: got 0"],
    ["--data d --mode all", '--mode expected one of "each"|"random": got "all"'],
    ["--data d --k 1,x", '--k expected a whole number, got "x"'],
    ["--data d --columns a", '--columns expected name=value, separated by commas, got "a"'],
    ["--data d --eval maybe", '--eval expected no value, or true or false, got "maybe"'],
    ["--data d --data e", "--data is given twice"],
    ["--data d --loss near --loss far", "--loss is given twice"],
    ["--data", "--data needs a value"],
    ["--rate 1", "--data is missing"],
  ])("%s", (line, sentence) => {
    expect(() => resolve(line)).toThrow(expect.objectContaining({ code: "E_OPTION", sentence }));
  });

  test("a wrong value of the file names file and key", () => {
    expect(() => resolve("", { data: "d", batchSize: "8" })).toThrow(
      /E_OPTION my.json "batchSize" expected number, received string: got "8"/,
    );
  });
});

describe("options of plugins", () => {
  test("are written with the plugin's option, or alone where that is clear", () => {
    expect(resolve("--data d --loss.temperature 0.5").loss).toEqual(["near", { temperature: 0.5 }]);
    expect(resolve("--data d --temperature 0.5 --loss.power 3 --schedule.power 4")).toMatchObject({
      loss: ["near", { temperature: 0.5, power: 3 }],
      schedule: ["flat", { power: 4 }],
    });
    expect(resolve("--data d --loss far --margin 2").loss).toEqual(["far", { margin: 2 }]);
  });

  test("that several have must say whose", () => {
    expect(() => resolve("--data d --power 2")).toThrow(
      /--power is an option of several plugins. Hint: write --loss.power or --schedule.power/,
    );
  });

  test("of a plugin that is not chosen name it", () => {
    expect(() => resolve("--data d --margin 2")).toThrow("--margin 2 is an option of --loss far, which is not chosen");
    expect(() => resolve("--data d --loss.margin 2")).toThrow("--loss.margin 2 is an option of --loss far, which is not chosen");
  });
});

describe("unknown names", () => {
  test.each([
    ["--los near", "--los near: no such option. Did you mean --loss?"],
    ["--batchsize 4", "--batchsize 4: no such option. Did you mean --batch-size?"],
    ["--temprature 4", "--temprature 4: no such option. Did you mean --temperature?"],
    ["--loss.temprature 4", "--loss.temprature 4: no such option. Did you mean --loss.temperature?"],
    ["--resum", "--resum: no such option. Did you mean --resume?"],
    ["--no-eva", "--no-eva: no such option. Did you mean --no-eval?"],
    ["--zzzzzzzz", "--zzzzzzzz: no such option."],
  ])("%s", (line, sentence) => {
    expect(() => resolve(`--data d ${line}`)).toThrow(expect.objectContaining({ code: "E_OPTION", sentence }));
  });

  test("of the file", () => {
    expect(() => resolve("", { data: "d", batchsize: 4 })).toThrow(
      /E_OPTION my.json "batchsize" is no option. Hint: did you mean "batchSize"\?/,
    );
    expect(() => resolve("", { dat: "d" })).toThrow(/my.json "dat" is no option. Hint: did you mean "data"\?/);
  });

  test("of a plugin", () => {
    expect(() => resolve("--data d --loss neer --temperature 2")).toThrow(expect.objectContaining({ code: "E_UNKNOWN_PLUGIN" }));
  });
});
