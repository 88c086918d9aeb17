import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import type { BrokerNode } from "../../../../src/demo/servers/rabbitmq.ts";

/** Reads a line, lets the broker evaluate it, and prints what came of it, until nobody writes any more. */
const LOOP = `
  Loop = fun Self() ->
    case io:get_line("") of
      eof -> halt();
      Line ->
        {ok, Tokens, _} = erl_scan:string(Line),
        {ok, Terms} = erl_parse:parse_exprs(Tokens),
        io:format("~0p~n", [rpc:call(Node, erl_eval, exprs, [Terms, []])]),
        Self()
    end
  end,
  Loop().`;

/** The broker's own console, as rabbitmqctl has it, at a tenth of its cost: what an administrator does. */
export class BrokerConsole {
  readonly #write: (line: string) => void;
  readonly #waiting: ((line: string) => void)[] = [];

  private constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** It ends with the test. */
  static open(t: Test, { node, erl, home, epmdPort }: BrokerNode): BrokerConsole {
    const name = `console-${randomUUID().slice(0, 8)}@localhost`;
    const program = `Node = '${node}', ${LOOP}`;
    const child = spawn(erl, ["-noshell", "-hidden", "-sname", name, "-eval", program], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env["PATH"] ?? "", HOME: home, ERL_EPMD_PORT: String(epmdPort), LC_ALL: "C.UTF-8" },
    });
    const console = new BrokerConsole((line) => child.stdin.write(line));
    createInterface({ input: child.stdout }).on("line", (line) => console.#waiting.shift()?.(line));
    t.teardown(async () => {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    });
    return console;
  }

  /** Evaluates Erlang on the broker; resolves to what it prints of the value. Rejects when that is a failure. */
  async ask(expression: string): Promise<string> {
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#write(`${expression.replaceAll(/\s+/g, " ")}.\n`);
    const line = await answer;
    if (!line.startsWith("{value,")) throw new Error(`${expression}: ${line}`);
    return line;
  }

  /** A user of a virtual host with these rights, each a regular expression. */
  async addUser(user: string, password: string): Promise<void> {
    await this.ask(`rabbit_auth_backend_internal:add_user(<<"${user}">>, <<"${password}">>, <<"test">>)`);
  }

  async changePassword(user: string, password: string): Promise<void> {
    await this.ask(`rabbit_auth_backend_internal:change_password(<<"${user}">>, <<"${password}">>, <<"test">>)`);
  }

  /** What a user may configure, write and read, each a regular expression. */
  async permit(user: string, [configure, write, read]: readonly [string, string, string]): Promise<void> {
    await this.ask(
      `rabbit_auth_backend_internal:set_permissions(<<"${user}">>, <<"/">>, <<"${configure}">>, <<"${write}">>, <<"${read}">>, <<"test">>)`,
    );
  }

  async deleteUser(user: string): Promise<void> {
    await this.ask(`rabbit_auth_backend_internal:delete_user(<<"${user}">>, <<"test">>)`);
  }

  /** Closes every connection of a user, as an administrator would. */
  async closeConnections(user: string): Promise<void> {
    await this.ask(
      `[rabbit_networking:close_connection(Pid, "closed by a person") || [{pid, Pid}, {user, User}] <- rabbit_networking:connection_info_all([pid, user]), User =:= <<"${user}">>]`,
    );
  }
}

/** The console of the run's own broker; null: it is another one's. */
export function consoleOfRun(t: Test): BrokerConsole | null {
  const node = JSON.parse(process.env["TEST_AMQP_NODE"] ?? "null") as BrokerNode | null;
  return node === null ? null : BrokerConsole.open(t, node);
}
