// What `attune inspect` says about a model, in 80 columns.

import { bytes, count, plural, rough } from "../report/numbers.ts";
import type { ModelFacts, WeightFacts } from "./inspect-model.ts";
import { wrapped } from "./wrap.ts";

const LABEL = 12;
/** Names that are listed before "and … more". */
const NAMED = 5;

/** The lines for a person. */
export function modelLines(facts: ModelFacts): string[] {
  const { folder, kind, commands, problems, files } = facts;
  const lines = [`${folder}: ${kind === "embedding" ? "an embedding model" : "a cross-encoder"}`, ""];
  const fact = (label: string, text: string): void => {
    lines.push(...wrapped(text, `  ${label.padEnd(LABEL)}`, " ".repeat(LABEL + 2)));
  };
  for (const [label, text] of factsOf(facts)) fact(label, text);
  if (facts.weights) for (const [label, text] of weightLines(facts.weights)) fact(label, text);
  fact("files", files.map(({ name, bytes: size }) => `${name}\u00A0(${bytes(size).replace(" ", "\u00A0")})`).join(", "));
  lines.push("");
  if (commands.length > 0) fact("attune can", `${commands.join(", ")}   (attune ${commands[0]} --model ${folder} …)`);
  else {
    lines.push(plural(problems.length, "problem"));
    for (const problem of problems) lines.push(...wrapped(`! ${problem}`, "  ", "    "));
  }
  return lines;
}

function factsOf(facts: ModelFacts): [string, string][] {
  const {
    modelType,
    architecture,
    layers,
    hiddenSize,
    heads,
    modules,
    dimension,
    maxLength,
    similarity,
    prompts = {},
    tokenizer,
    labels,
  } = facts;
  const size = [layers && plural(layers, "layer"), hiddenSize && `width ${hiddenSize}`, heads && plural(heads, "head")].filter(Boolean);
  const prompted = Object.entries(prompts).map(
    ([name, text]) => `${name} ${JSON.stringify(text)}${name === facts.defaultPrompt ? " (default)" : ""}`,
  );
  const all: [string, string | undefined][] = [
    ["family", modelType && `${modelType}${architecture ? ` (${architecture})` : ""}`],
    ["encoder", size.join(", ")],
    ["modules", modules?.join(", ")],
    ["embedding", dimension === undefined ? undefined : `${plural(dimension, "dimension")}, compared by ${similarity ?? "cosine"}`],
    ["scores", labels?.join(", ")],
    ["max length", maxLength === undefined ? undefined : plural(maxLength, "token")],
    ["prompts", prompted.length > 0 ? prompted.join(", ") : modelType && "none"],
    [
      "tokenizer",
      tokenizer &&
        [
          `${tokenizer.type}, ${plural(tokenizer.vocabulary, "token")}`,
          plural(tokenizer.addedTokens, "added token"),
          tokenizer.lowerCases && "lower-cases",
        ]
          .filter(Boolean)
          .join(", "),
    ],
  ];
  return all.filter((one): one is [string, string] => one[1] !== undefined && one[1] !== "");
}

function weightLines({ parameters, tensors, types, missing, leftOver, misshapen }: WeightFacts): [string, string][] {
  const kinds = Object.entries(types).map(([type, values]) => (Object.keys(types).length === 1 ? type : `${type} ${rough(values)}`));
  const lines: [string, string][] = [["parameters", `${count(parameters)} in ${plural(tensors, "tensor")}, ${kinds.join(", ")}`]];
  if (missing.length > 0) lines.push(["missing", named(missing)]);
  if (misshapen.length > 0) lines.push(["misshapen", named(misshapen)]);
  if (leftOver.length > 0) lines.push(["left over", named(leftOver)]);
  return lines;
}

function named(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return `${names.slice(0, NAMED).join(", ")}${rest > 0 ? ` and ${count(rest)} more` : ""}`;
}
