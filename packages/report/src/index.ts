export { makeLive } from "./live.ts";
export type { Bins, Counted, MiningFigures, SuspectedAnswer } from "./mining-figures.ts";
export { renderReport } from "./render-report.ts";
export type {
  AnswerCounts,
  AnswerScores,
  ChangedQuery,
  Comparison,
  FoundText,
  MetricCurve,
  Named,
  Progress,
  ReportData,
  RightAndWrong,
  ScoredText,
  Scores,
  StepCurves,
} from "./report-data.ts";
