/** `node engine/doctor.ts [--json]`: is this machine ready, what is missing, and how to get it. Exits 1 when it is not. */
import { type Check, runChecks } from "./checks.ts";
import { enter } from "./entry.ts";

/** The checks as a table, with what to do below it. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const rows = checks.map(({ name, state, found }) => `${name.padEnd(width)}  ${state.padEnd(7)}  ${found}`);
  const wanting = checks.filter(({ state }) => state !== "ok");
  const remedies = wanting.map(
    ({ name, remedy, needed }) => `  ${name}${needed ? "" : " (optional)"}: ${remedy}`,
  );
  const ready = !wanting.some(({ needed }) => needed);
  const verdict = ready ? "This machine is ready for npm start." : "This machine is not ready yet.";
  return [...rows, "", verdict, ...remedies].join("\n");
}

if (import.meta.main)
  await enter(async () => {
    const checks = await runChecks(process.env);
    const json = process.argv.includes("--json");
    process.stdout.write(`${json ? JSON.stringify(checks, null, 2) : renderChecks(checks)}\n`);
    return checks.every(({ state, needed }) => state === "ok" || !needed) ? 0 : 1;
  });
