import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunRecord } from "../../benchmarks/record.ts";
import { localExperiment, temporaryDirectory } from "./executors/localNodes.ts";
import { buildQuestions, buildRecord, buildTimings, withConfig } from "./recordBuilder.ts";
import { rocmarkIn } from "./runRocmark.ts";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const rocmark = rocmarkIn(directory);

function store(name: string, records: readonly RunRecord[]): string {
  const folder = join(directory, name);
  mkdirSync(folder);
  for (const record of records) writeFileSync(join(folder, `${record.id}.json`), JSON.stringify(record));
  return folder;
}

let faster: string;
let slower: string;
let mixed: string;
beforeAll(() => {
  faster = store("faster", buildTimings({ candidateSeconds: 7 }));
  slower = store("slower", buildTimings({ candidateSeconds: 13 }));
  mixed = store(
    "mixed",
    buildTimings().map((record) =>
      record.arm === "two-nodes" ? withConfig(record, "lora.rank", 64) : record,
    ),
  );
});

describe("exit codes and words", () => {
  test("0 when the candidate is faster, with estimate, interval, p and n", async () => {
    const { code, stdout, stderr } = await rocmark("compare", "one-node", "two-nodes", "--records", faster);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /time: faster: two-nodes takes 0\.\d{3} times as long as one-node, 95 % interval \[0\.\d{3}, 0\.\d{3}\], p = 0\.008, 5 and 5 runs/,
    );
  });

  test("3 when it is slower", async () => {
    const { code, stdout } = await rocmark("compare", "one-node", "two-nodes", "--records", slower, "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      regression: true,
      experiments: [{ timing: { verdict: "slower" } }],
    });
  });

  test("2 when the arms differ in more than the factor, saying in what", async () => {
    const { code, stdout } = await rocmark("compare", "one-node", "two-nodes", "--records", mixed);
    expect(code).toBe(2);
    expect(stdout).toContain('not comparable: the arms differ in more than the factor "nodes".');
    expect(stdout).toMatch(/config\.lora\.rank\s+8\s+64/);
    const named = await rocmark(
      "compare",
      "one-node",
      "two-nodes",
      "--records",
      mixed,
      "--factor",
      "nodes,lora.rank",
    );
    expect(named.code).toBe(0);
  });

  test.each<[string[], string]>([
    [["unknown"], 'rocmark has no verb "unknown"'],
    [["constructor"], 'rocmark has no verb "constructor"'],
    [["--records"], "rocmark needs a verb before --records"],
    [["list", "--recrods", "x"], "There is no option --recrods; this verb has --records"],
    [["list", "-r"], "There is no option -r"],
    [["list", "--records"], "--records needs a value, found none"],
    [["list", "--records="], "--records needs a value"],
    [["list", "--json=yes"], '--json takes no value, found "yes"'],
    [["list", "extra"], 'One word too many: "extra"'],
    [["compare", "one-node"], "Missing required positional argument: CANDIDATE"],
    [["compare", "a", "a"], '"a" is compared with itself'],
    [
      ["compare", "a", "b", "--margin-points", "none"],
      "--margin-points: wanted a number above 0 and up to 50",
    ],
    [["compare", "a", "b", "--records", "/nowhere"], 'No runs of arm "a" in /nowhere'],
    [["report", "--records", "/nowhere"], "No such runs in /nowhere"],
    [["run", "--spec", "/nowhere.json"], "--spec /nowhere.json cannot be read"],
    [
      ["run", "--spec", "-"],
      "Experiment from standard input: the document: wanted one JSON document, found nothing",
    ],
    [["export", "--format", "csv", "--out", "x"], "Expected one of: jsonl, parquet"],
  ])("2 and one line for %j", async (words, message) => {
    const { code, stdout, stderr } = await rocmark(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
    expect(stderr).not.toContain("\u001b");
  });

  test("2 and the usage on stderr without any word", async () => {
    const { code, stdout, stderr } = await rocmark();
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("USAGE rocmark run|list|compare");
  });

  test("2 for an experiment whose key file is not there", async () => {
    const experiment = localExperiment(directory);
    writeFileSync(join(directory, "spec.json"), JSON.stringify(experiment));
    const { code, stdout, stderr } = await rocmark("run", "--spec", join(directory, "spec.json"), "--json");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain('Node "node-0": privateKeyFile');
  });
});

test("help of the program", async () => {
  const { code, stdout } = await rocmark("--help");
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "Measure fine-tuning on the nodes of a stack, and judge what was measured (rocmark)

    USAGE rocmark run|list|compare|report|export|lock|plan|reap|doctor

    COMMANDS

          run    Measure: every arm in turns on the nodes that stand; each run leaves a record             
         list    List the runs that were recorded, oldest first                                            
      compare    Say whether one arm is faster and as accurate as another, and how sure that is            
       report    Write all runs, verdicts and the software behind them as one Markdown page                
       export    Write the runs as one file: whole records as JSON lines, or a table of runs as Parquet    
         lock    Write the hash lock of a PyTorch for ROCm, from its one index; nodes install nothing else 
         plan    Say whether the versions fit, what memory each arm needs, and in which order runs would go
         reap    List what runs have left on the nodes, and with --end, end and remove it                  
       doctor    Say whether this machine is ready, or with --stack whether a stack's nodes are fit        

    Use rocmark <command> --help for more information about a command.

    EXIT CODES

      0  fine
      1  failed: a run, or this program
      2  refused: wrong use, bad input, or arms that must not be compared
      3  the comparison found that the candidate is slower or less accurate
    "
  `);
});

test.each(["run", "list", "compare", "report", "export", "plan", "lock", "reap", "doctor"])(
  "%s has a help with its options",
  async (verb) => {
    const { code, stdout, stderr } = await rocmark(verb, "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`USAGE rocmark ${verb}`);
    expect(stdout).toContain("OPTIONS");
  },
);

describe("verbs that read a store", () => {
  test("list shows each run, and names what is no record on stderr", async () => {
    const records = store("listed", [buildRecord()]);
    writeFileSync(join(records, "bad.json"), "{");
    const { code, stdout, stderr } = await rocmark("list", "--records", records);
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "run                       experiment         arm       repeat  outcome  train   total
      ------------------------  -----------------  --------  ------  -------  ------  ------
      20261124T000000-00000001  first-look/timing  one-node  1       ok       10.0 s  14.0 s
      "
    `);
    expect(stderr).toContain(
      `left out: ${join(records, "bad.json")}: the record: wanted one whole JSON document`,
    );
    const { runs } = JSON.parse((await rocmark("list", "--records", records, "--json")).stdout);
    expect(runs).toMatchObject([
      { id: "20261124T000000-00000001", trainSeconds: 10, outcome: "ok", evaluated: false },
    ]);
  });

  test("report writes a file whole, and leaves it when it cannot", async () => {
    const out = join(directory, "report.md");
    const { code, stdout } = await rocmark("report", "--records", faster, "--out", out);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(readFileSync(out, "utf8")).toContain("# rocmark report");
    const refused = await rocmark("report", "--records", faster, "--out", join(directory, "no", "where.md"));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("cannot be written");
  });

  test("export writes every record as a line, and a table of runs as Parquet", async () => {
    const record = buildRecord({ evaluation: { tuned: buildQuestions(4, 2), untuned: null } });
    const records = store("exported", [record]);
    const [lines, table] = [join(directory, "runs.jsonl"), join(directory, "runs.parquet")];
    expect((await rocmark("export", "--records", records, "--out", lines)).code).toBe(0);
    expect(JSON.parse(readFileSync(lines, "utf8"))).toEqual(record);
    expect((await rocmark("export", "--records", records, "--format", "parquet", "--out", table)).code).toBe(
      0,
    );
    const connection = await (await DuckDBInstance.create()).connect();
    const found = await connection.runAndReadAll(`SELECT id, train_seconds, nodes FROM '${table}'`);
    expect(found.getRows()).toEqual([[record.id, 10, '["node-0"]']]);
  });

  test("doctor counts the records and says which files are none", async () => {
    const { stdout } = await rocmark("doctor", "--json", "--records", join(directory, "listed"));
    const found = (JSON.parse(stdout) as { name: string; state: string; found: string }[]).at(-1);
    expect(found).toMatchObject({
      name: "records",
      state: "damaged",
      found: expect.stringContaining("1 in "),
    });
  });
});
