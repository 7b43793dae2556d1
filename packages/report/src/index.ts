export { renderReport } from "./render-report.ts";
export type {
  Comparison,
  MetricCurve,
  Named,
  ReportData,
  RightAndWrong,
  ScoredText,
  Scores,
  StepCurves,
  TopScores,
} from "./report-data.ts";
