/** Writes records until it is killed; says when it begins. */
import { writeRecord } from "../../benchmarks/store/store.ts";
import { buildQuestions, buildRecord } from "./recordBuilder.ts";

const [directory = "", name] = process.argv.slice(2);
const evaluation = { tuned: buildQuestions(2000, 1000), untuned: null };
for (let i = 0; ; i++) {
  await writeRecord(directory, buildRecord({ id: `writer-${name}-${i}`, evaluation }));
  if (i === 0) process.send?.("begun");
}
