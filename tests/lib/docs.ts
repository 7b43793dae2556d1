// The pages of docs and README as data: their shell commands, and the configuration page that is generated from the schemas.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "../../packages/attune/src/cli/commands.ts";
import { root } from "./workspace.ts";

export interface Page {
  /** "docs/train.md" */
  readonly name: string;
  /** The lines of its `sh` blocks, without comments. */
  readonly commands: readonly string[];
}

/** All pages that show commands for users. Measurements with real models and data stand in `console` blocks: they take hours. */
export function pagesWithCommands(): Page[] {
  const docs = readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  return ["README.md", ...docs]
    .map((name) => ({ name, commands: commandsOf(readFileSync(join(root, name), "utf8")) }))
    .filter((page) => page.commands.length > 0);
}

function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
  const lines = blocks.flatMap((block) => block.replaceAll("\\\n", " ").split("\n"));
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

Every option below can be given as a flag, or in a JSON, YAML or TypeScript file with \`--config\`, where \`--batch-size 16\` is \`batchSize: 16\` and a plugin with options is a pair: \`loss: ["infonce", { temperature: 0.05 }]\`. Flags win over the file, the file over defaults; a name that nobody knows is an error that names the nearest one. \`attune.json\` beside every result holds the resolved configuration.

${sections.join("\n")}`;
}
