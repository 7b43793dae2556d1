// Labels that a loss cannot mean are refused: a cosine never reaches 4, so training towards it would only look like training.

/** The labels that a loss takes. */
export interface LabelRange {
  readonly least: number;
  readonly most: number;
  /** Nothing between whole numbers. */
  readonly whole?: true;
  /** As a sentence says it: "0 (apart) or 1 (together)". */
  readonly expected: string;
  /** What to do about others. */
  readonly hint: string;
}

/** Whether a label is in the range; NaN never is. */
export function isInRange(label: number, { least, most, whole }: LabelRange): boolean {
  return label >= least && label <= most && (!whole || Number.isInteger(label));
}
