import { CONFIG, configOf, textOf, type Command, type Invocation } from "../command/command.ts";
import { exitCode } from "../command/exit-codes.ts";
import { jsonLine, plain, wrapped } from "../terminal/show.ts";
import type { Config } from "../../config/config.ts";

/** Lines are kept to this, or to the terminal. */
const WIDTH = 80;

export const config: Command = {
  summary:
    "check: is the configuration valid, and what is risky; show: every value and its source; keys: what there is",
  positionals: "check|show|keys",
  options: {
    config: CONFIG,
    json: { type: "boolean", help: "print JSON: one object of check, one a line of show and keys" },
    markdown: { type: "boolean", help: "of keys: the table of docs/configuration.md" },
  },
  examples: ["clean-amis config check --config /etc/clean-amis/config.toml", "clean-amis config show"],
  run: async (invocation) => {
    const [word] = invocation.positionals;
    if (word === "check") await check(invocation);
    else if (word === "show") await show(invocation);
    else await keys(invocation);
    return exitCode("done");
  },
};

/** Throws `ConfigError`, which says what is wrong. */
async function check(invocation: Invocation): Promise<void> {
  const { print, options } = invocation;
  const checked: Config = configOf(invocation);
  const [{ operatorRisk, risksOf }, { tokenUser }] = await Promise.all([
    import("../../config/risks.ts"),
    import("../../app/token-user.ts"),
  ]);
  const user = await tokenUser(checked);
  const risk = user === null ? null : operatorRisk(user, checked.report.operators);
  const [warnings, ignored] = [[...risksOf(checked), ...(risk === null ? [] : [risk])], checked.ignoredKeys];
  if (options["json"] === true) {
    await print(jsonLine({ file: checked.file, valid: true, warnings, ignored }));
    return;
  }
  await print(plain(`${checked.file} is valid`));
  if (ignored.length > 0) await print(`ignored, as nothing here needs them: ${ignored.join(", ")}`);
  for (const warning of warnings) await print(plain(`warning: ${warning}`));
}

async function show(invocation: Invocation): Promise<void> {
  const { env, print, options } = invocation;
  const [{ configPath }, { secretsOf, settingsOf, settingsToml }] = await Promise.all([
    import("../../config/config.ts"),
    import("../../config/show.ts"),
  ]);
  const settings = settingsOf(configPath(textOf(invocation, "config"), env), env);
  const secrets = secretsOf(env);
  if (options["json"] === true) {
    for (const { path, value, source } of settings) await print(jsonLine({ key: path.join("."), value, source }));
    for (const { name, source } of secrets)
      await print(jsonLine({ key: name, value: source === null ? null : "***", source }));
    return;
  }
  await print(settingsToml(settings));
  await print("\n# secrets of the environment");
  for (const { name, source } of secrets)
    await print(source === null ? `# ${name}: not set` : `# ${name} = "***" # ${source}`);
}

async function keys({ print, options, screen }: Invocation): Promise<void> {
  const { configKeys, keysTable } = await import("../../config/keys.ts");
  if (options["markdown"] === true) {
    await print(keysTable());
    return;
  }
  for (const { key, standard, meaning } of configKeys()) {
    if (options["json"] === true) await print(jsonLine({ key, default: JSON.parse(standard) as unknown, meaning }));
    else
      await print(
        [
          `${key} = ${standard}`,
          ...wrapped(meaning, Math.min(screen()?.columns ?? WIDTH, WIDTH) - 4).map((line) => `    ${line}`),
        ].join("\n"),
      );
  }
}
