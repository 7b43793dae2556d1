// Results in the shape of MTEB's folders, so that leaderboards and notebooks that read those read ours: <model>/<revision>/<task>.json and model_meta.json.

/** A measurement, as MTEB writes one task. */
export interface MtebTask {
  /** "SciFact" */
  readonly task: string;
  readonly split: string;
  /** Our metric names: "ndcg@10". */
  readonly metrics: Readonly<Record<string, number>>;
  readonly primary: string;
  readonly seconds: number;
  /** ISO 639-3 and script; mteb's own scores leave out a result without any, so English is written when they are left out. */
  readonly languages?: readonly string[];
  readonly datasetRevision?: string;
}

/** The version of mteb whose result files these equal. */
const MTEB_VERSION = "2.0.0";

/** The JSON of one task: "ndcg@10" becomes ndcg_at_10, scores have five digits, `main_score` is the primary metric. */
export function mtebTask({ task, split, metrics, primary, seconds, languages = ["eng-Latn"], datasetRevision }: MtebTask): object {
  const rounded = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name.replace("@", "_at_"), round(value)]));
  return {
    dataset_revision: datasetRevision ?? "no_revision_available",
    task_name: task,
    mteb_version: MTEB_VERSION,
    scores: { [split]: [{ ...rounded, main_score: round(metrics[primary]), hf_subset: "default", languages }] },
    evaluation_time: seconds,
    kg_co2_emissions: null,
  };
}

/** The folder of a model and revision: "org__model/revision". */
export function mtebFolder(model: string, revision = "no_revision_available"): string {
  return `${namesOf(model).join("__")}/${revision}`;
}

/** Organisation and name, as far as a path or an id has them. */
function namesOf(model: string): string[] {
  const names = model
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .slice(-2)
    .filter(Boolean);
  return names.length > 0 ? names : ["no_model_name_available"];
}

/** What MTEB keeps of a model. */
export interface MtebModel {
  readonly model: string;
  readonly revision?: string;
  /** D */
  readonly dimension?: number | undefined;
  /** In tokens. */
  readonly maxLength?: number | undefined;
}

/** model_meta.json: every key that MTEB's ModelMeta requires, null where nothing is known. */
export function mtebModelMeta({ model, revision = "no_revision_available", dimension, maxLength }: MtebModel): object {
  const unknown = [
    "loader",
    "release_date",
    "languages",
    "n_parameters",
    "memory_usage_mb",
    "license",
    "open_weights",
    "public_training_code",
  ];
  return {
    name: namesOf(model).join("/"),
    revision,
    max_tokens: maxLength ?? null,
    embed_dim: dimension ?? null,
    ...Object.fromEntries(unknown.map((key) => [key, null])),
    public_training_data: null,
    framework: [],
    similarity_fn_name: null,
    use_instructions: null,
    training_datasets: null,
  };
}

const round = (value: number): number => Math.round(value * 1e5) / 1e5;
