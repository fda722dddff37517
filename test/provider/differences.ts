/**
 * Where this plugin deliberately does not do what the official one (1.2.1) does, and why. Each row is asserted for
 * both plugins by a case of cases.ts that names it; a row without a case fails the test.
 */
export const differences = {
  "errors-without-command":
    "An error never holds the command's text or its standard output: both may hold secrets, and errors are stored " +
    "and shown. It says where, in which phase, how it ended, and the last lines of standard error, secrets masked.",
  "secret-output":
    "The output of a command that was given secrets (in its text, stdin or environment) is secret itself: whatever it " +
    "prints may repeat them (pulumi-command issue 134 asks users to mark it by hand).",
  "check-path":
    "A check failure has the path of the value that is wrong (connection.port), not of the object around it, and " +
    "does not repeat itself for one mistake.",
  "check-logging":
    "A value that `logging` does not have is refused instead of being taken for one of its values.",
  "proxy-defaults":
    "The defaults of `connection` hold for `proxy` as well; the official plugin ends with a crash without them.",
  "preview-id": "A preview returns no id: there is no resource yet, and the engine ignores it.",
  "preview-output":
    "In a preview the output is unknown exactly when the update will run a command; the official plugin takes it for " +
    "unchanged when only what the command is given changes.",
  "host-key":
    "Without connection.hostKey the user's known_hosts decides, and an unknown host is refused with the key to pin; " +
    "the official plugin accepts any key.",
  environment:
    "`environment` works on every server: variables travel inside the session, not as SSH requests that sshd " +
    "refuses without AcceptEnv (pulumi-command issues 48, 395).",
  "environment-name":
    "A variable's name must be one that a shell can export; others fail instead of being dropped.",
  "update-other-host":
    "CopyToRemote copies again when the connection leads to another host, where the file is not yet.",
  "copy-drift":
    "Read compares checksums on the node: a changed file shows as a changed source, a missing one as a deleted " +
    "resource, so that `pulumi refresh` and `up` restore it (pulumi-command issues 432, 433).",
  "command-drift":
    "A command may have `read`, a script that `pulumi refresh` runs and that prints what `create` printed: another output " +
    "marks the command as drifted, and the next update runs `update` or `create`; exit code 3 says that it is gone " +
    "(pulumi-command issues 432, 433). The official plugin refuses the property by its name.",
  "copy-mode": "A copied file keeps the permission bits of its source, so that scripts stay executable.",
  "delete-unreachable":
    "With PULUMI_COMMAND_DELETE_UNREACHABLE=true (in the plugin's environment or the resource's) a node that is gone " +
    "does not block delete (pulumi-command issue 104).",
  "delete-copied":
    "With PULUMI_COMMAND_DELETE_COPIED_FILES=true in the plugin's environment a delete removes copied files that are " +
    "still as they were copied; without it they stay, as with the official plugin.",
  "daemon-output":
    "A local command is over when it has ended, also while a process it left behind keeps its output open " +
    "(pulumi-command issue 201).",
  cancel: "Cancel and customTimeouts end what runs on a node, with everything it started, and confirm it.",
  "asset-archive": "CopyToRemote also takes an AssetArchive, whose entries are written below the path.",
} as const;

export type Difference = keyof typeof differences;
