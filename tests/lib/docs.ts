// The pages of docs and README as data: their shell commands and programs, and the configuration page that is generated from the schemas.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "../../packages/attune/src/cli/commands.ts";
import { root } from "./workspace.ts";

export interface Page {
  /** "docs/train.md" */
  readonly name: string;
  readonly text: string;
  /** The lines of its `sh` blocks, without comments. */
  readonly commands: readonly string[];
  readonly programs: readonly Program[];
}

/** A `ts` block, in the file that its first line names, or in one of no name. */
export interface Program {
  readonly file: string;
  readonly text: string;
}

/** All pages for users. Measurements with real models and data stand in `console` blocks, not in `sh`: they take hours. */
export function pages(): Page[] {
  const docs = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  return ["README.md", ...docs].map((name) => {
    const text = readFileSync(join(root, name), "utf8");
    return { name, text, commands: commandsOf(text), programs: programsOf(text) };
  });
}

function blocksOf(language: string, markdown: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block);
}

/** A block whose first line begins with `// …` is a part of something, and no program. */
function programsOf(markdown: string): Program[] {
  const whole = blocksOf("ts", markdown).filter((text) => !text.startsWith("// …"));
  return whole.map((text, i) => ({ file: /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] ?? `program-${i + 1}.ts`, text }));
}

function commandsOf(markdown: string): string[] {
  const lines = blocksOf("sh", markdown).flatMap((block) => block.replaceAll("\\\n", " ").split("\n"));
  return lines.map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter((line) => line !== "");
}

/** The words of a command line; quotes hold words together. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare);
}

/** docs/configuration.md, from the schemas of the commands and of the plugins that they can name. */
export async function configurationPage(): Promise<string> {
  const sections: string[] = [];
  for (const [name, { load }] of Object.entries(commands)) {
    const { command } = await load();
    sections.push(`## attune ${name}\n\n\`\`\`text\n${(await command.help([])).trim()}\n\`\`\`\n`);
  }
  return `# Configuration

Generated from the schemas that check it; \`npm test\` fails when this page is not what they say (\`ATTUNE_UPDATE_DOCS=1 npm test -- tests/docs.test.ts\` writes it anew).

Every option below is a flag of its command; a name that nobody knows is an error that names the nearest one. The options of \`attune train\` can stand in a JSON, YAML or TypeScript file, too, which \`--config\` names: there \`--batch-size 16\` is \`batchSize: 16\`, a plugin with options is a pair, \`loss: ["infonce", { temperature: 0.05 }]\`, and several are a list of these, \`trackers: ["tensorboard", ["wandb", { project: "mine" }]]\`. Flags win over the file, the file over defaults. \`attune.json\` beside every tuned model holds the resolved configuration.

${sections.join("\n")}`;
}
