import { createRegistry, definePlugin } from "@attune/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { choice, choices } from "../settings/choice.ts";
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
  trackers: choices("tracker", "logs"),
});

const options = z.strictObject({ temperature: z.number().positive().default(1), power: z.number().default(2) });
const near = definePlugin({
  kind: "loss",
  name: "near",
  summary: "",
  options,
  create: () => ({ name: "near", needs: [], compute: () => undefined as never }),
});
const far = { ...near, name: "far", options: z.strictObject({ margin: z.number().default(1), cosine: z.boolean().default(true) }) };
const wide = { ...near, name: "wide", options: z.strictObject({ cuts: z.array(z.int()).optional() }) };
const flat = definePlugin({
  kind: "schedule",
  name: "flat",
  summary: "",
  options: z.strictObject({ power: z.number().default(1) }),
  create: () => ({ name: "flat", factor: () => 1 }),
});
const paper = definePlugin({
  kind: "tracker",
  name: "paper",
  summary: "",
  options: z.strictObject({ sheet: z.string().default("a4"), ink: z.boolean().default(true) }),
  create: () => () => ({ name: "paper", onEvent() {} }),
});
const stone = { ...paper, name: "stone", options: z.strictObject({ sheet: z.string().optional(), chisel: z.int().positive().optional() }) };
const registry = createRegistry().use(near).use(far).use(wide).use(flat).use(paper).use(stone);

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

  test("grow when a list is repeated, and are given once otherwise", () => {
    expect(resolve("--data d --loss wide --cuts 1,2 --loss.cuts 3").loss).toEqual(["wide", { cuts: [1, 2, 3] }]);
    expect(resolve("--cuts 3", { data: "d", loss: ["wide", { cuts: [1] }] }).loss).toEqual(["wide", { cuts: [3] }]);
    expect(() => resolve("--data d --temperature 1 --loss.temperature 2")).toThrow("E_OPTION --loss.temperature is given twice");
  });

  test("that several have must say whose", () => {
    expect(() => resolve("--data d --power 2")).toThrow(
      /--power is an option of several plugins. Hint: write --loss.power or --schedule.power/,
    );
  });

  test("of a plugin that is not chosen name it", () => {
    expect(() => resolve("--data d --margin 2")).toThrow("--margin 2 is an option of --loss far, which is not chosen");
    expect(() => resolve("--data d --no-cosine")).toThrow("--no-cosine is an option of --loss far, which is not chosen");
    expect(() => resolve("--data d --loss.margin 2")).toThrow("--loss.margin 2 is an option of --loss far, which is not chosen");
  });
});

describe("a list of plugins", () => {
  const trackers = (line: string, ofFile?: unknown): unknown =>
    resolve(line, { data: "d", ...(ofFile !== undefined && { trackers: ofFile }) }).trackers;

  test("is names, of which each may have options", () => {
    expect(trackers("")).toEqual([]);
    expect(trackers("--trackers stone,paper")).toEqual(["stone", "paper"]);
    expect(trackers("--trackers stone --trackers paper --chisel 3")).toEqual([["stone", { chisel: 3 }], "paper"]);
    expect(trackers("--trackers stone,paper --trackers.paper.sheet a3 --no-trackers.paper.ink")).toEqual([
      "stone",
      ["paper", { sheet: "a3", ink: false }],
    ]);
    expect(trackers("--trackers paper --trackers.paper.ink")).toEqual([["paper", { ink: true }]]);
  });

  test("of the file is replaced by flags, which keep the options of names that are in both", () => {
    const ofFile = ["stone", ["paper", { sheet: "a5" }]];
    expect(trackers("", ofFile)).toEqual(ofFile);
    expect(trackers("--trackers paper", ofFile)).toEqual([["paper", { sheet: "a5" }]]);
    expect(trackers("--chisel 2 --no-ink", ofFile)).toEqual([
      ["stone", { chisel: 2 }],
      ["paper", { sheet: "a5", ink: false }],
    ]);
  });

  test.each([
    ["--trackers stone,stone", undefined, '--trackers expected each tracker once: got ["stone","stone"]'],
    ["--trackers stone,paper --sheet a3", undefined, "--sheet is an option of several plugins"],
    ["--chisel 2", undefined, "--chisel 2 is an option of --trackers stone, which is not chosen"],
    ["--trackers.stone.chisel 2", undefined, "--trackers.stone.chisel 2 is an option of --trackers stone, which is not chosen"],
    ["--trackers stone --chisel 0", undefined, "--chisel expected number to be >0: got 0"],
    [
      "--trackers stone --trackers.stone.chizel 2",
      undefined,
      "--trackers.stone.chizel 2: no such option. Did you mean --trackers.stone.chisel?",
    ],
    ["", [["stone", { chisel: 0 }]], 'my.json "trackers": the option "chisel" of stone expected number to be >0: got 0'],
    [
      "",
      ["stone", { chisel: 1 }],
      'my.json "trackers" expected a list of trackers, each a name, a plugin, or a list of one of these and its options: got ["stone",{"chisel":1}]',
    ],
  ] as const)("%s %j", (line, ofFile, sentence) => {
    expect(() => trackers(line, ofFile)).toThrow(expect.objectContaining({ code: "E_OPTION", sentence }));
  });

  test("says which of several is meant by the name of the plugin", () => {
    expect(() => trackers("--trackers stone,paper --sheet a3")).toThrow(/write --trackers.stone.sheet or --trackers.paper.sheet$/);
  });

  test("holds known names only", () => {
    expect(() => trackers("--trackers papre")).toThrow(/E_UNKNOWN_PLUGIN tracker "papre" is not registered. Hint: did you mean "paper"/);
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
