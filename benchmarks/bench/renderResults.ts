import { renderMarkdownTable } from "../report/table.ts";
import { benchmarks, type Figure } from "./figures.ts";
import { provisioningNotes } from "./provisioning/notes.ts";
import type { BenchResult } from "./results.ts";
import { scaleNotes } from "./scale/notes.ts";
import { trainerNotes } from "./trainerNotes.ts";

/** What a benchmark's `raw` says besides its figures, by benchmark. */
const notes: Readonly<Record<string, (raw: unknown) => string[]>> = {
  trainer: trainerNotes,
  provisioning: provisioningNotes,
  scale: scaleNotes,
};

/** A table for each result, with the machine, the date and how busy it was; and why a figure is missing. */
export const renderResults = (results: readonly BenchResult[]): string =>
  results.map(renderResult).join("\n\n");

function renderResult(result: BenchResult): string {
  const known = benchmarks[result.bench];
  const figures = known?.figures ?? Object.keys(result.figures).map(asItIs);
  const rows = figures.map(({ key, label, show, target }) => {
    const value = result.figures[key] ?? null;
    return [label, value === null ? "-" : show(value), target];
  });
  const missing = figures.flatMap(({ key, label }) => {
    const reason = result.raw.reasons[key];
    return (result.figures[key] ?? null) === null && reason !== undefined
      ? [`No figure for "${label}": ${reason}.`]
      : [];
  });
  return [
    `**${known?.title ?? result.bench}** on ${machine(result)}${known === undefined ? "" : ` (\`${known.command}\`)`}:`,
    renderMarkdownTable([["what", "found", "target"], ...rows]),
    [...(notes[result.bench]?.(result.raw) ?? []), ...missing].map((note) => `- ${note}`).join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** A figure that nobody has described: its key and its number. */
const asItIs = (key: string): Figure => ({ key, label: key, show: String, target: "" });

function machine({ machine: found, date }: BenchResult): string {
  const cores = found.processors === null ? "" : `, ${found.processors} processors`;
  return `${found.name}${cores}, ${date}, load ${found.load.before} before and ${found.load.after} after`;
}
