// The README.md of a written model: what the hub reads from its front matter, how to use the model, and the facts of its training as given.

/** What the card says about the training; nothing is made up, dates and machines included. */
export interface CardFacts {
  /** Heading; "Embedding model" unless told. */
  readonly title?: string;
  /** A name on the Hugging Face hub ("org/name"), for the card's front matter. */
  readonly baseModel?: string;
  /** Rows of the table "Training", in this order. */
  readonly training?: Readonly<Record<string, string | number>>;
  /** Rows of the table "Evaluation". */
  readonly metrics?: readonly { readonly name: string; readonly before?: number; readonly after: number }[];
}

/** Size and limits of the model, for the card. */
export interface CardModel {
  readonly dimension: number;
  readonly maxSeqLength: number | undefined;
  readonly similarity: string;
  /** "mean pooling, normalised" … */
  readonly modules: string;
}

/** The text of README.md. */
export function modelCard(model: CardModel, facts: CardFacts): string {
  const sections = [frontMatter(facts), `# ${facts.title ?? "Embedding model"}`, description(model, facts), usage];
  const training = Object.entries(facts.training ?? {});
  if (training.length > 0) sections.push("## Training", table(["setting", "value"], training));
  const metrics = facts.metrics ?? [];
  if (metrics.length > 0) sections.push("## Evaluation", table(["metric", "before", "after"], metrics.map(metricRow)));
  return `${sections.join("\n\n")}\n`;
}

function frontMatter({ baseModel }: CardFacts): string {
  const lines = ["library_name: sentence-transformers", "pipeline_tag: sentence-similarity"];
  if (baseModel !== undefined) lines.push(`base_model: ${JSON.stringify(baseModel)}`);
  const tags = ["sentence-transformers", "sentence-similarity", "feature-extraction", "attune"];
  return ["---", ...lines, "tags:", ...tags.map((tag) => `- ${tag}`), "---"].join("\n");
}

function description({ dimension, maxSeqLength, similarity, modules }: CardModel, { baseModel }: CardFacts): string {
  const origin = baseModel === undefined ? "" : `, fine-tuned from ${baseModel}`;
  const limit = maxSeqLength === undefined ? "" : ` Texts are cut to ${maxSeqLength} tokens.`;
  return `Maps texts to vectors of ${dimension} values (${modules}), compared by ${similarity} similarity${origin}. Trained with attune.${limit}`;
}

const usage = `## Usage

\`\`\`python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder")
embeddings = model.encode(["A first text", "A second text"])
print(model.similarity(embeddings, embeddings))
\`\`\``;

function metricRow({ name, before, after }: { name: string; before?: number; after: number }): string[] {
  return [name, before === undefined ? "" : before.toFixed(4), after.toFixed(4)];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [tableRow(head), `|${" --- |".repeat(head.length)}`, ...rows.map(tableRow)].join("\n");
}

function tableRow(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|").replaceAll(/\s+/g, " ")).join(" | ")} |`;
}
