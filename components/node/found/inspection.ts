import { z } from "zod";
import { factsUnreadable } from "../../errors.ts";
import { type Facts, parseFacts } from "../facts.ts";
import { installedSchema } from "../verification.ts";
import { parseAmdSmi, type SmiGpu } from "./amdSmi.ts";
import { type DkmsModule, parseDkms } from "./dkms.ts";
import { parseRocminfo, type Rocminfo } from "./rocminfo.ts";

const said = z.strictObject({ code: z.int(), out: z.string(), error: z.string() });

const check = z.looseObject({ device: z.string(), ok: z.boolean() });

const environment = z.union([installedSchema, z.strictObject({ error: z.string() })]);

const inspectionSchema = z.strictObject({
  facts: z.string(),
  driver: z.strictObject({
    module: z.string().nullable(),
    srcversion: z.string().nullable(),
    dkms: z.array(z.string()),
  }),
  packages: z.record(z.string(), z.string().nullable()),
  rocm: z.string().nullable(),
  amdSmi: said.nullable(),
  rocminfo: said.nullable(),
  environments: z.record(z.string(), environment),
  fitness: z.record(z.string(), z.strictObject({ checks: z.array(check), error: z.string().nullable() })),
});

/** What the inspection script found on a host, each tool's words read. */
export interface Inspection {
  facts: Facts;
  driver: { module: string | null; srcversion: string | null; dkms: DkmsModule[] };
  packages: Record<string, string | null>;
  /** ROCm's release without its build, "7.1.1"; null without ROCm's packages. */
  rocm: string | null;
  /** Null where there is no amd-smi; a problem in its own words where it found nothing. */
  amdSmi: { gpus: SmiGpu[]; problem: string | null } | null;
  rocminfo: Rocminfo | null;
  environments: Record<string, z.infer<typeof environment>>;
  fitness: z.infer<typeof inspectionSchema>["fitness"];
}

/**
 * What the inspection script printed, checked.
 *
 * @throws RocmarkError E_FACTS when its last line is not the JSON that was expected
 */
export function parseInspection(name: string, text: string): Inspection {
  const line = text.trimEnd().split("\n").at(-1) ?? "";
  const found = inspectionSchema.safeParse(parse(line));
  if (!found.success) {
    const issue = found.error.issues[0];
    const where = issue?.path.length ? ` (${issue.path.join(".")}: ${issue.message})` : "";
    throw factsUnreadable(name, `the inspection's last line is no report: "${line.slice(0, 80)}"${where}`);
  }
  const { facts, driver, rocm, amdSmi, rocminfo, ...rest } = found.data;
  return {
    ...rest,
    facts: parseFacts(name, facts),
    driver: { ...driver, dkms: driver.dkms.map(parseDkms).filter((entry) => entry !== null) },
    rocm: rocm === null ? null : toRocmRelease(rocm),
    amdSmi: amdSmi && toSmi(amdSmi),
    rocminfo: rocminfo && parseRocminfo(rocminfo.out),
  };
}

/** "6.4.0-47" of an early file is the release 6.4.0. */
export const toRocmRelease = (text: string): string => text.trim().split("-")[0] ?? "";

function toSmi({ code, out, error }: z.infer<typeof said>) {
  const gpus = parseAmdSmi(out);
  const problem =
    gpus.length > 0 ? null : error.split("\n").at(-1) || `exit code ${code}, and no GPU in its output`;
  return { gpus, problem };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
