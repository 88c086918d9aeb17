import { untilStopped } from "../../app/life/stop.ts";
import { CONFIG, configOf, type Command } from "../command/command.ts";

export const consumeCommand: Command = {
  summary: "the service: hears uploads, makes private, deletes and reports, until SIGTERM",
  positionals: "",
  options: { config: CONFIG },
  endsInOrder: true,
  examples: ["clean-amis consume", "clean-amis consume --config /etc/clean-amis/config.toml"],
  run: async (invocation) => {
    const config = configOf(invocation);
    const { openApp } = await import("../../app/open.ts");
    const app = await untilStopped(invocation.stop, () => openApp(config));
    try {
      await app.consume(invocation.stop);
      return 0;
    } finally {
      await app.close();
    }
  },
};
