/** `npm run lab`: a lab of hosts by hand, which stays until `down`. Tests start their own, see lab.ts. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import type { UbuntuRelease } from "./base/mirror.ts";
import { startLab } from "./lab.ts";
import { whyNot } from "./machine.ts";
import type { Place } from "./place.ts";
import { Lab, readStatus } from "./running.ts";
import { endLab, isAlive, isBound, listPlaces, sweep } from "./sweep.ts";

const usage = `Usage: npm run lab -- VERB
  up [NODES] [--ubuntu 22.04|24.04] [--user root|ubuntu] [--disk MIB]   start a lab and print how to reach its nodes
  status                                                                labs and nodes that run
  exec NODE COMMAND...                                                  run a command in a node, as root, past SSH
  down                                                                  end labs that \`up\` started; sweep what others left
--lab ID picks one lab where several run.
`;

const options = {
  ubuntu: { type: "string", default: "24.04" },
  user: { type: "string", default: "root" },
  disk: { type: "string", default: "1024" },
  lab: { type: "string" },
  help: { type: "boolean", default: false },
} satisfies ParseArgsConfig["options"];

const verbs: Record<string, (words: string[]) => Promise<number>> = {
  async up([nodes = "1"]) {
    const { ubuntu, user, disk } = values;
    if (ubuntu !== "22.04" && ubuntu !== "24.04")
      return refuse(`--ubuntu takes 22.04 or 24.04, not "${ubuntu}".`);
    if (user !== "root" && user !== "ubuntu") return refuse(`--user takes root or ubuntu, not "${user}".`);
    if (!/^[1-9][0-9]*$/.test(nodes)) return refuse(`up takes a number of nodes, not "${nodes}".`);
    const release: UbuntuRelease = ubuntu;
    const lab = await startLab({
      nodes: Number(nodes),
      ubuntu: release,
      user,
      diskMiB: Number(disk),
      bound: false,
    });
    await show(lab.place);
    return 0;
  },
  async status() {
    for (const place of await chosen()) await show(place);
    return 0;
  },
  async exec([node, ...command]) {
    // Without --lab those that `up` started: a test's lab is the test's to use.
    const [place, ...others] = (await chosen()).filter((each) => values.lab !== undefined || !isBound(each));
    if (place === undefined) return refuse("No lab runs; start one: npm run lab -- up");
    if (others.length > 0) return refuse(`Several labs run; name one: --lab ${place.id}`);
    const found = (await Lab.connect(place)).nodes.find(({ name }) => name === node);
    if (found === undefined) return refuse(`Lab ${place.id} has no node "${node}".`);
    const { exitCode, stdout, stderr } = await found.exec(command.join(" "));
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    return exitCode;
  },
  async down() {
    for (const place of await chosen()) {
      // A test's lab is the test's to end.
      if (isBound(place) && values.lab !== place.id) continue;
      await endLab(place);
      console.log(`lab ${place.id} is gone`);
    }
    await sweep();
    return 0;
  },
};

async function chosen(): Promise<Place[]> {
  const running = (await listPlaces()).filter(isAlive);
  return values.lab === undefined ? running : running.filter(({ id }) => id === values.lab);
}

async function show(place: Place): Promise<void> {
  console.log(`lab ${place.id}, ${place.subnet}, files in ${place.directory}`);
  const { nodes } = await Lab.connect(place);
  const states = new Map((await readStatus(place)).map(({ name, state }) => [name, state]));
  for (const { name, address, user, hostKey, privateKeyFile } of nodes) {
    console.log(`  ${name}  ${states.get(name)}  ${hostKey}`);
    console.log(`    ssh -i ${privateKeyFile} ${user}@${address}`);
  }
}

function refuse(reason: string): number {
  console.error(reason);
  return 2;
}

const { values, positionals } = parseArgs({
  options,
  allowPositionals: true,
  args: beforeCommand(process.argv.slice(2)),
});
const [verb = "", ...words] = positionals;
const reason = whyNot();
if (values.help || verbs[verb] === undefined) {
  console.error(usage);
  process.exitCode = values.help ? 0 : 2;
} else if (reason !== undefined) process.exitCode = refuse(reason);
else process.exitCode = await verbs[verb](words);

/** What follows `exec NODE` is the node's to read, options too. */
function beforeCommand(args: string[]): string[] {
  const verb = args.indexOf("exec");
  const node = args[verb + 1] === "--lab" ? verb + 3 : verb + 1;
  return verb < 0 || args.includes("--") ? args : [...args.slice(0, node + 1), "--", ...args.slice(node + 1)];
}
