import { runChild } from "../childProcess.ts";
import { refusal } from "../errors.ts";

const candidates = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];
const isNewEnough = "import sys; sys.exit(sys.version_info < (3, 10))";

/**
 * The first Python on the PATH that the trainer's planning runs on; it needs nothing installed in it.
 *
 * @throws RocmarkError E_PYTHON where there is none of 3.10 or later
 */
export async function findPython(): Promise<string> {
  for (const python of candidates) {
    const ended = await runChild(python, ["-c", isNewEnough]).catch(() => null);
    if (ended?.code === 0) return python;
  }
  throw refusal(
    "E_PYTHON",
    "The memory is predicted by the trainer: wanted Python 3.10 or later on the PATH, found none.",
  );
}
